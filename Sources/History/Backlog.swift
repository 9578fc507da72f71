import DequeModule
import FoundationEssentials
import HealthManager

/// What waits to be written, and who waits for it. A value: the store carries it out.
struct Backlog: Sendable {
    typealias Waiter = CheckedContinuation<String?, Never>

    /// What is committed together.
    enum Batch: Sendable {
        /// With what is in force, where the file is new.
        case entries([JournalEntry], standing: [Standing.Item])
        case kept(JournalEntry)
    }

    private enum Item: Sendable {
        case entry(JournalEntry)
        case kept(JournalEntry, Waiter)
        case settled(Waiter)
    }

    /// Results that may wait; more are dropped.
    static let resultLimit = 50_000
    /// Other entries that are kept back while nothing can be written, in so far as what is in force does not hold them.
    private static let keptBackLimit = 20_000
    private static let batchSize = 1000

    var facts = JournalFacts()
    private var items: Deque<Item> = []
    private var results = 0
    private var standing: Standing
    /// The file does not hold what is in force.
    private var isNew = false
    private var isUrgent = false
    private var firstNoted: Duration?
    private var failedAt: Duration?
    private var isClosed = false
    private var kept: Waiter?

    init(standing: Standing, problem: String?) {
        self.standing = standing
        facts.problem = problem
        if problem != nil { failedAt = .zero }
    }

    // MARK: Taking

    /// - Returns: whether the writer is to look.
    mutating func note(_ entry: JournalEntry, at elapsed: Duration) -> Bool {
        standing.take(entry)
        if case .result = entry {
            guard facts.problem == nil, results < Self.resultLimit else {
                facts.dropped += 1
                return false
            }
            results += 1
            items.append(.entry(entry))
            let isFirst = firstNoted == nil
            firstNoted = firstNoted ?? elapsed
            return isFirst || results == Self.batchSize
        }
        if items.count - results < Self.keptBackLimit { items.append(.entry(entry)) }
        firstNoted = firstNoted ?? elapsed
        isUrgent = true
        return facts.problem == nil
    }

    /// - Returns: the answer, where it is known at once.
    mutating func settle(_ waiter: Waiter) -> (problem: String?, Void)? {
        if isClosed { return ("the agent is ending", ()) }
        if let problem = facts.problem { return (problem, ()) }
        guard !items.isEmpty || kept != nil else { return (nil, ()) }
        items.append(.settled(waiter))
        isUrgent = true
        return nil
    }

    /// - Returns: why not, where that is known at once.
    mutating func keep(_ entry: JournalEntry, _ waiter: Waiter) -> String? {
        if isClosed { return "the agent is ending" }
        // While nothing can be written the next try may be the one that can.
        items.append(.kept(entry, waiter))
        isUrgent = true
        return nil
    }

    // MARK: When

    func isDue(at elapsed: Duration, gathered: Duration) -> Bool {
        if failedAt != nil { return isUrgent || nextRetry <= elapsed }
        guard let first = firstNoted else { return isUrgent }
        return isUrgent || results >= Self.batchSize || elapsed - first >= gathered
    }

    /// When to look without being asked.
    func nextLook(at elapsed: Duration, gathered: Duration, retry: Duration) -> Duration? {
        if let failed = failedAt { return max(failed + retry, elapsed + .milliseconds(1)) }
        return firstNoted.map { $0 + gathered } ?? elapsed + .seconds(60)
    }

    private var nextRetry: Duration { (failedAt ?? .zero) + .seconds(30) }

    // MARK: Writing

    /// Answers who only waits, and says whether there is anything to write.
    mutating func hasWork(at elapsed: Duration) -> Bool {
        isUrgent = false
        answerSettled()
        if !items.isEmpty || isNew { return true }
        firstNoted = nil
        // A file that could not be written is tried also where nothing new has come.
        return failedAt != nil && nextRetry <= elapsed
    }

    mutating func take() -> Batch? {
        guard let first = items.first else { return .entries([], standing: Array(standing.items.values)) }
        if case .kept(let entry, let waiter) = first, !isNew {
            items.removeFirst()
            kept = waiter
            return .kept(entry)
        }
        var entries: [JournalEntry] = []
        while entries.count < Self.batchSize, case .entry(let entry)? = items.first {
            items.removeFirst()
            if case .result = entry { results -= 1 }
            entries.append(entry)
        }
        return .entries(entries, standing: isNew ? Array(standing.items.values) : [])
    }

    /// - Returns: whether that ends a time in which nothing could be written.
    mutating func wrote(_ batch: Batch) -> Bool {
        if case .kept(let entry) = batch {
            standing.take(entry)
            kept?.resume(returning: nil)
            kept = nil
        } else {
            isNew = false
        }
        let wasBroken = facts.problem != nil
        facts.problem = nil
        failedAt = nil
        answerSettled()
        return wasBroken
    }

    /// - Parameter mayRetry: a new file is begun at once; nothing is lost yet.
    /// - Returns: whether that is news.
    mutating func failed(_ batch: Batch, _ problem: String, at elapsed: Duration, mayRetry: Bool) -> Bool {
        let isNews = facts.problem != problem
        switch batch {
        case .kept(let entry):
            if mayRetry, let waiter = kept {
                items.prepend(.kept(entry, waiter))
            } else {
                kept?.resume(returning: problem)
            }
            kept = nil
        case .entries(let entries, _):
            for entry in entries.reversed() {
                if case .result = entry {
                    if mayRetry {
                        results += 1
                    } else {
                        facts.dropped += 1
                        continue
                    }
                }
                items.prepend(.entry(entry))
            }
        }
        if mayRetry { return isNews }
        facts.problem = problem
        failedAt = elapsed
        refuseWaiters(problem)
        return isNews
    }

    /// The file is a new one: what is in force is written into it first.
    mutating func beginAnew() { isNew = true }

    mutating func forget(before now: Date) { standing.forget(before: now) }

    /// Nobody writes any more.
    mutating func close() {
        isClosed = true
        refuseWaiters("the agent is ending")
        kept?.resume(returning: "the agent is ending")
        kept = nil
    }

    private mutating func answerSettled() {
        while case .settled(let waiter)? = items.first {
            items.removeFirst()
            waiter.resume(returning: facts.problem)
        }
    }

    /// Entries stay, but for results; whoever waits is told why not.
    private mutating func refuseWaiters(_ problem: String) {
        var rest: Deque<Item> = []
        for item in items {
            switch item {
            case .entry(.result): facts.dropped += 1
            case .entry: rest.append(item)
            case .kept(_, let waiter), .settled(let waiter): waiter.resume(returning: problem)
            }
        }
        results = 0
        items = rest
        firstNoted = nil
    }
}
