import FoundationEssentials
import HealthManager
import Transfers

/// The last document each publisher gave. Who is content with an answer to a question asked a while ago shares it, also
/// while it is still under way; who wants to know how things are now asks anew.
actor DocumentCache {
    private struct Question {
        var asked: Duration
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private var sightings: [MetadataSighting.Publisher: MetadataSighting] = [:]
    private var underWay: [MetadataSighting.Publisher: Question] = [:]

    /// - Parameter notBefore: an answer to what was asked earlier, on the monotonic clock, is too old.
    func sighting(
        of publisher: MetadataSighting.Publisher, notBefore: Duration, at now: Duration, fetch: @Sendable () async -> MetadataSighting
    ) async -> MetadataSighting {
        if let question = underWay[publisher], question.asked >= notBefore {
            await withCheckedContinuation { underWay[publisher]?.waiting.append($0) }
        }
        if let known = sightings[publisher], known.at >= notBefore { return known }
        let asksForAll = underWay[publisher] == nil
        if asksForAll { underWay[publisher] = Question(asked: now) }
        let sighting = await fetch()
        // Someone else's cancelled run says nothing of the publisher.
        let isNews = sighting.report.failure?.kind != .cancelled && sighting.at >= sightings[publisher]?.at ?? .zero
        if isNews { sightings[publisher] = sighting }
        if asksForAll { underWay.removeValue(forKey: publisher)?.waiting.forEach { $0.resume() } }
        return sighting
    }

    func clear() { sightings = [:] }
}
