import FoundationEssentials
import Probing
import Transfers

/// Caches the last document of each publisher. A caller that accepts an older request shares its response, even while the request is
/// still running; other callers send a new request.
///
/// A failure is shared only with callers that would not have waited longer, because it may be a timeout.
actor DocumentCache {
    private struct Question {
        var asked: Duration
        /// When the request ends at the latest.
        var until: Duration
        var waiting: [AsyncStream<Void>.Continuation] = []
    }

    private struct Known {
        var sighting: MetadataSighting
        /// The time limit of the request.
        var retryDelay: Duration

        func serves(notBefore: Duration, left: Duration) -> Bool {
            sighting.at >= notBefore && (sighting.report.failure == nil || retryDelay >= left)
        }
    }

    /// How much longer than its own deadline a caller may wait for another caller's request.
    private static let slack: Duration = .milliseconds(100)

    private var known: [MetadataSighting.Publisher: Known] = [:]
    private var underWay: [MetadataSighting.Publisher: Question] = [:]
    /// Incremented by `clear`: responses to requests sent before it are not cached.
    private var clears = 0

    /// - Parameters:
    ///   - notBefore: the earliest acceptable time of the request, as `TimeSource.elapsed`.
    ///   - deadline: how long the caller can wait.
    ///   - fetch: sends a request to the publisher, with the given time limit.
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
        // A cancelled request says nothing about the publisher.
        let isNews = sighting.report.failure?.kind != .cancelled && sighting.at >= known[publisher]?.sighting.at ?? .zero
        if isNews { known[publisher] = Known(sighting: sighting, retryDelay: left) }
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
