import FoundationEssentials
import HealthManager
import Transfers

/// The last document each publisher gave, and one fetch at a time for each: who asks while one is under way shares it.
actor DocumentCache {
    private var sightings: [MetadataSighting.Publisher: MetadataSighting] = [:]
    private var waiting: [MetadataSighting.Publisher: [CheckedContinuation<Void, Never>]] = [:]

    /// - Parameter notBefore: an answer that arrived earlier, on the monotonic clock, is too old.
    func sighting(
        of publisher: MetadataSighting.Publisher, notBefore: Duration, fetch: @Sendable () async -> MetadataSighting
    ) async -> MetadataSighting {
        while true {
            if let known = sightings[publisher], known.at >= notBefore { return known }
            if Task.isCancelled { return await fetch() }
            guard waiting[publisher] != nil else { break }
            await withCheckedContinuation { waiting[publisher, default: []].append($0) }
        }
        waiting[publisher] = []
        let sighting = await fetch()
        // Someone else's cancelled run says nothing of the publisher.
        if sighting.report.failure?.kind != .cancelled { sightings[publisher] = sighting }
        for continuation in waiting.removeValue(forKey: publisher) ?? [] { continuation.resume() }
        return sighting
    }

    func clear() { sightings = [:] }
}
