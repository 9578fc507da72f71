import FoundationEssentials
import Probing
import Transfers

/// Compares a server's `Date` header with the local clock, because tokens are only accepted if both agree.
struct ClockComparison {
    var warning: Duration = .seconds(120)
    var failure: Duration = .seconds(300)

    /// - Returns: a finding if the clocks differ by `warning` or more; nil if they do not, or if the response has no date.
    func finding(_ response: ExchangeResponse, from peer: String, now: Date, stage: Stage) -> Finding? {
        guard let theirs = response.date else { return nil }
        let skew = Duration.seconds(theirs.timeIntervalSince(now).rounded())
        let size = skew < .zero ? .zero - skew : skew
        guard size >= warning else { return nil }
        let direction = skew < .zero ? "behind" : "ahead of"
        return Finding(
            size >= failure ? .failure : .warning, stage: stage, reason: .clockSkew,
            sentence: "\(peer): its clock is \(DurationText.format(size)) \(direction) this machine's")
    }
}
