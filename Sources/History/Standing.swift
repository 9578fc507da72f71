import FoundationEssentials
import HealthManager

/// What is in force by the entries noted so far: enough to begin a new file with.
struct Standing: Sendable {
    /// What is kept of it on disk; the key tells the latest word on a thing.
    enum Item: Sendable {
        case override(Override)
        case maintenance(Maintenance)
        case episode(Episode)
        case attempt(Attempt)

        var key: String {
            switch self {
            case .override(let override): override.key
            case .maintenance(let maintenance): maintenance.key
            case .episode, .attempt: id.uuidString
            }
        }

        var id: UUID {
            switch self {
            case .override(let override): override.id
            case .maintenance(let maintenance): maintenance.id
            case .episode(let episode): episode.id
            case .attempt(let attempt): attempt.id
            }
        }
    }

    /// An episode that has ended is told for so long to whoever was told of it.
    static let endedKept: TimeInterval = 900
    /// A throttle looks back a day.
    static let attemptsKept: TimeInterval = 86400

    private(set) var items: [String: Item] = [:]

    init(_ carried: Carried = Carried()) {
        let all =
            carried.overrides.map { Item.override($0) } + carried.maintenance.map { .maintenance($0) }
            + carried.episodes.map { .episode($0) }
            + carried.attempts.map { .attempt($0) }
        for item in all { items[item.key] = item }
    }

    mutating func take(_ entry: JournalEntry) {
        switch entry {
        case .result, .transition: break
        case .episode(let episode): put(.episode(episode))
        case .attempt(let attempt): put(.attempt(attempt))
        case .override(let override): put(.override(override))
        case .maintenance(let maintenance): put(.maintenance(maintenance))
        case .overrideEnded(let override, _, _): remove(.override(override))
        case .maintenanceEnded(let maintenance, _, _): remove(.maintenance(maintenance))
        }
    }

    private mutating func put(_ item: Item) { items[item.key] = item }

    /// What has taken its place meanwhile stays.
    private mutating func remove(_ item: Item) {
        if items[item.key]?.id == item.id { items[item.key] = nil }
    }

    /// Lets go of what nobody asks for any more.
    mutating func forget(before now: Date) {
        items = items.filter { _, item in
            switch item {
            case .episode(let episode): episode.ended.map { now.timeIntervalSince($0) <= Self.endedKept } ?? true
            case .attempt(let attempt): now.timeIntervalSince(attempt.at) <= Self.attemptsKept
            case .override, .maintenance: true
            }
        }
    }
}
