package import FoundationEssentials

/// One probe instance. `run` never throws: every problem is a finding of the outcome.
///
/// A run must return soon after its task is cancelled. One that does not is recorded as Timeout, then as Poisoned, and abandoned.
package protocol Probe: Sendable {
    func run(_ context: RunContext) async -> Outcome

    /// The dates at which the verdict could turn because of a certificate with this validity, in any order. Asked by the forecast for every
    /// certificate that a probe of the same place has seen.
    func turns(with validity: Validity) -> [Date]

    /// The dates at which the verdict could turn whatever certificates there are.
    var turns: [Date] { get }
}

extension Probe {
    /// When it becomes valid, and when it has expired.
    package func turns(with validity: Validity) -> [Date] { [validity.begin, validity.end] }

    package var turns: [Date] { [] }
}

/// The inputs of one run.
package struct RunContext: Sendable {
    /// The date at which validity is judged: now, or the date given with `--at`.
    package var date: Date
    /// The time left for this run as of now, at least one millisecond. A kind returns in time to report the stage that timed out.
    package var deadline: Duration {
        get { max(.milliseconds(1), end - time.elapsed) }
        set { end = time.elapsed + newValue }
    }
    private var end: Duration
    /// Whether the run is hypothetical (`--at`, `--set`): it must not affect later runs.
    package var isRehearsal: Bool
    package var time: any TimeSource

    /// - Parameter deadline: the time left, counted from now.
    package init(date: Date, deadline: Duration, isRehearsal: Bool = false, time: any TimeSource) {
        self.date = date
        end = time.elapsed + deadline
        self.isRehearsal = isRehearsal
        self.time = time
    }
}
