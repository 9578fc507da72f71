package import FoundationEssentials

/// The Swift code that knows how to probe one sort of thing, with options of its own.
package protocol ProbeKind: Sendable {
    associatedtype Options: Sendable

    /// As definitions write it: `cert-expiry`.
    var name: String { get }
    /// For `agent explain`.
    var guide: KindGuide { get }
    /// What its probes are aimed at.
    var aim: KindAim { get }

    /// Reads the options strictly; problems go into the reader's notes.
    func readOptions(_ reader: SettingsReader) -> Options

    /// Makes the probe for one place, or says why there is none there. Called at start, reload and restart; it touches no network.
    func discover(_ options: Options, at place: Place) -> Discovery

    /// Forgets what earlier runs have fetched. Called at restart.
    func clearCaches() async
}

extension ProbeKind {
    package var aim: KindAim { .organization }
    package func clearCaches() async {}
}

package enum KindAim: Sendable, Hashable {
    /// The organization and its servers, as the configuration names them.
    case organization
    /// Any target: of a definition's list, or of a caller of `/probe`.
    case targets
}

/// What a kind says of itself.
package struct KindGuide: Sendable {
    package struct Option: Sendable {
        package var name: String
        package var summary: String
        /// Whether a caller may set it for one run through a running agent: false for whatever holds a URL, host, path, file, header or credential.
        package var settableThroughAgent: Bool

        package init(_ name: String, _ summary: String, settableThroughAgent: Bool) {
            self.name = name
            self.summary = summary
            self.settableThroughAgent = settableThroughAgent
        }
    }

    /// Paragraphs: what it checks, in order.
    package var checks: [String]
    package var stages: [Stage]
    /// Every reason a result of this kind can bear.
    package var reasons: [Reason]
    package var options: [Option]

    package init(checks: [String], stages: [Stage], reasons: [Reason], options: [Option] = []) {
        self.checks = checks
        self.stages = stages
        self.reasons = reasons
        self.options = options
    }
}

/// Where a probe is to live: the configuration, the server (nil for the whole organization), and its neighbours.
package struct Place: Sendable {
    package var configuration: AgentConfiguration
    package var server: Server?
    /// For kinds that are aimed at targets: which one.
    package var target: Target?
    /// Identities by kind, to name the probe that watches a root cause.
    package var watchers: [String: ProbeIdentity]

    package init(configuration: AgentConfiguration, server: Server?, target: Target? = nil, watchers: [String: ProbeIdentity] = [:]) {
        self.configuration = configuration
        self.server = server
        self.target = target
        self.watchers = watchers
    }
}

package enum Discovery: Sendable {
    case probe(any Probe)
    case notDefined(NotDefined)
}

/// Why there is no probe at a place.
package struct NotDefined: Sendable, Hashable {
    /// What was so when the cache was built: `the push notifications proxy was disabled`.
    package var because: String
    /// What the configuration says, for when it still says so: `pushProxy.enabled is false: normal if you do not use it`.
    package var configured: String

    package init(because: String, configured: String) {
        self.because = because
        self.configured = configured
    }
}

/// A definition made real for one server. It never throws: whatever goes wrong is a finding of the outcome.
///
/// A run ends soon after its task is cancelled; one that does not is recorded as Timeout, then as Poisoned, and left behind.
package protocol Probe: Sendable {
    func run(_ context: RunContext) async -> Outcome
}

/// What one run is given.
package struct RunContext: Sendable {
    /// The date to judge validity at: now, or the day `--at` names.
    package var date: Date
    /// Time left for this run, as of now, never less than a millisecond; a kind ends in time to say at which stage it ran out.
    package var deadline: Duration {
        get { max(.milliseconds(1), end - time.elapsed) }
        set { end = time.elapsed + newValue }
    }
    private var end: Duration
    /// A run that asks "what if" (`--at`, `--set`): it must leave no trace in what later runs see.
    package var isRehearsal: Bool
    package var time: any TimeSource

    package init(date: Date, deadline: Duration, isRehearsal: Bool = false, time: any TimeSource) {
        self.date = date
        end = time.elapsed + deadline
        self.isRehearsal = isRehearsal
        self.time = time
    }
}
