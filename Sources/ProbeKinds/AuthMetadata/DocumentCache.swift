import FoundationEssentials
import HealthManager
import Transfers

/// The last document each publisher gave. Who is content with an answer to a question asked a while ago shares it, also
/// while it is still under way; who wants to know how things are now asks anew.
///
/// That somebody else's time ran out is no answer for who has more of it: a failure is shared only with those who would have waited no longer.
actor DocumentCache {
    private struct Question {
        var asked: Duration
        /// When it is answered at the latest.
        var until: Duration
        var waiting: [AsyncStream<Void>.Continuation] = []
    }

    private struct Known {
        var sighting: MetadataSighting
        /// How long an answer was waited for at most.
        var patience: Duration

        func serves(notBefore: Duration, left: Duration) -> Bool {
            sighting.at >= notBefore && (sighting.report.failure == nil || patience >= left)
        }
    }

    /// Nobody waits longer than this for another's answer beyond the own time.
    private static let slack: Duration = .milliseconds(100)

    private var known: [MetadataSighting.Publisher: Known] = [:]
    private var underWay: [MetadataSighting.Publisher: Question] = [:]
    /// How often all was forgotten: what was asked for before that is kept no more.
    private var clears = 0

    /// - Parameters:
    ///   - notBefore: an answer to what was asked earlier, on the monotonic clock, is too old.
    ///   - deadline: how long the caller can wait.
    ///   - fetch: asks the publisher, within a time.
    func sighting(
        of publisher: MetadataSighting.Publisher, notBefore: Duration, within deadline: Duration, _ time: any TimeSource,
        fetch: @Sendable (Duration) async -> MetadataSighting
    ) async -> MetadataSighting {
        let end = time.elapsed + deadline
        if let question = underWay[publisher], question.asked >= notBefore, question.until <= end + Self.slack {
            let (answered, answer) = AsyncStream.makeStream(of: Void.self)
            underWay[publisher]?.waiting.append(answer)
            for await _ in answered {}
        }
        let now = time.elapsed
        let left = max(.milliseconds(1), end - now)
        if let known = known[publisher], known.serves(notBefore: notBefore, left: left) { return known.sighting }
        let life = clears
        let asksForAll = underWay[publisher] == nil
        if asksForAll { underWay[publisher] = Question(asked: now, until: now + left) }
        let sighting = await fetch(left)
        guard life == clears else { return sighting }
        // Someone else's cancelled run says nothing of the publisher.
        let isNews = sighting.report.failure?.kind != .cancelled && sighting.at >= known[publisher]?.sighting.at ?? .zero
        if isNews { known[publisher] = Known(sighting: sighting, patience: left) }
        if asksForAll { underWay.removeValue(forKey: publisher)?.waiting.forEach { $0.finish() } }
        return sighting
    }

    func clear() {
        clears += 1
        known = [:]
        for question in underWay.values { question.waiting.forEach { $0.finish() } }
        underWay = [:]
    }
}
