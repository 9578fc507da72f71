import FoundationEssentials
import HealthManager

/// What is in force by the entries noted so far: enough to begin a new file with.
struct Standing: Sendable {
    /// What is kept of it on disk; the identity tells the latest word on a thing.
    enum Item: Sendable {
        case override(Override)
        case maintenance(Maintenance)
        case episode(Episode)
        case attempt(Attempt)

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

    private(set) var items: [UUID: Item] = [:]

    init(_ carried: Carried = Carried()) {
        let all =
            carried.overrides.map { Item.override($0) } + carried.maintenance.map { .maintenance($0) }
            + carried.episodes.map { .episode($0) }
            + carried.attempts.map { .attempt($0) }
        for item in all { items[item.id] = item }
    }

    mutating func take(_ entry: JournalEntry) {
        switch entry {
        case .result, .transition: break
        case .episode(let episode): items[episode.id] = .episode(episode)
        case .attempt(let attempt): items[attempt.id] = .attempt(attempt)
        case .override(let override): items[override.id] = .override(override)
        case .maintenance(let maintenance): items[maintenance.id] = .maintenance(maintenance)
        case .overrideEnded(let override, _, _): items[override.id] = nil
        case .maintenanceEnded(let maintenance, _, _): items[maintenance.id] = nil
        }
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
