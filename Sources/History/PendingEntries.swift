import FoundationEssentials
import HealthManager

/// What has been noted and is not on disk yet, in its order. A value; the store guards it.
///
/// Results are bounded, and lost while nothing can be written. Everything else is kept back until it can; of an episode and of an attempt
/// the latest form is enough.
struct PendingEntries {
    /// Anything but a result.
    struct Record: Sendable {
        let sequence: UInt64
        var entry: JournalEntry
        /// Who waits for this very entry, and gave it up if it can't be written.
        var keeper: CheckedContinuation<NotKept?, Never>?
    }

    struct Batch: Sendable {
        var records: [Record] = []
        var results: [ResultRow] = []
        /// Whether somebody waits for it to be on disk.
        var isDurable = false
    }

    private struct Settler {
        let sequence: UInt64
        let continuation: CheckedContinuation<NotKept?, Never>
    }

    typealias Answers = [(CheckedContinuation<NotKept?, Never>, NotKept?)]

    static let batchSize = 1000
    static let resultsHeld = 50_000
    /// Results alone are gathered for so long: a transaction for each would write its pages a hundred times a second.
    static let gathering: Duration = .seconds(1)
    static let retryAfter: Duration = .seconds(30)

    private var sequence: UInt64 = 0
    private var records: [Record] = []
    /// How many records were taken out so far; what `latest` counts from.
    private var taken = 0
    private var latest: [UUID: Int] = [:]
    private var chunks: [[ResultRow]] = []
    private var resultCount = 0
    private var settlers: [Settler] = []
    private var gathered: Duration?
    private var retry: Duration?
    private(set) var facts = JournalFacts()
    private(set) var isClosed = false

    /// When the writer has to look again by time alone.
    var due: Duration? { facts.problem == nil ? gathered : retry }

    // MARK: In

    /// - Returns: whether the writer should be woken.
    mutating func note(_ entry: JournalEntry, at elapsed: () -> Duration) -> Bool {
        guard case .result(let result) = entry else { return append(entry, nil) && facts.problem == nil }
        guard facts.problem == nil, !isClosed, resultCount < Self.resultsHeld else {
            facts.dropped += 1
            return false
        }
        sequence += 1
        resultCount += 1
        let row = ResultRow(result, sequence: sequence)
        if let last = chunks.indices.last, chunks[last].count < Self.batchSize {
            chunks[last].append(row)
        } else {
            chunks.append([row])
        }
        if gathered == nil {
            gathered = elapsed() + Self.gathering
            return true
        }
        return chunks[0].count == Self.batchSize && chunks.count == 1
    }

    mutating func keep(_ entry: JournalEntry, _ keeper: CheckedContinuation<NotKept?, Never>) -> Answers {
        append(entry, keeper) ? [] : [(keeper, Self.ended)]
    }

    mutating func settle(_ continuation: CheckedContinuation<NotKept?, Never>) -> Answers {
        if isClosed { return [(continuation, Self.ended)] }
        if let problem = facts.problem { return [(continuation, NotKept(problem))] }
        settlers.append(Settler(sequence: sequence, continuation: continuation))
        return []
    }

    private static let ended = NotKept("the agent is ending, its history is closed")

    private mutating func append(_ entry: JournalEntry, _ keeper: CheckedContinuation<NotKept?, Never>?) -> Bool {
        guard !isClosed else { return false }
        if keeper == nil, let id = entry.replaceable, let place = latest[id] {
            records[place - taken].entry = entry
            return true
        }
        sequence += 1
        records.append(Record(sequence: sequence, entry: entry, keeper: keeper))
        // What is noted after an entry that is kept comes after it, also of the same id.
        if let id = entry.replaceable { latest[id] = keeper == nil ? taken + records.count - 1 : nil }
        return true
    }

    // MARK: Out

    /// The first that has not been taken out.
    private var first: UInt64 { min(records.first?.sequence ?? .max, chunks.first?.first?.sequence ?? .max) }

    /// What is to be written now; nil when nothing is.
    mutating func take(at elapsed: Duration) -> Batch? {
        if facts.problem != nil {
            guard (retry ?? .zero) <= elapsed || records.contains(where: { $0.keeper != nil }) else { return nil }
        } else {
            let isFull = (chunks.first?.count ?? 0) >= Self.batchSize
            let isDue = gathered.map { $0 <= elapsed } ?? false
            guard isFull || isDue || isClosed && !chunks.isEmpty || !records.isEmpty || !settlers.isEmpty else { return nil }
        }
        var batch = Batch()
        batch.records = Array(records.prefix(Self.batchSize))
        records.removeFirst(batch.records.count)
        for (offset, record) in batch.records.enumerated() {
            if let id = record.entry.replaceable, latest[id] == taken + offset { latest[id] = nil }
        }
        taken += batch.records.count
        if !chunks.isEmpty { batch.results = chunks.removeFirst() }
        gathered = chunks.isEmpty ? nil : elapsed
        batch.isDurable = batch.records.contains { $0.keeper != nil } || settlers.contains { $0.sequence < first }
        return batch
    }

    /// The batch is written.
    mutating func committed(_ batch: Batch, bytes: Int) -> Answers {
        facts.problem = nil
        facts.bytes = bytes
        retry = nil
        resultCount -= batch.results.count
        var answers: Answers = batch.records.compactMap { record in record.keeper.map { ($0, nil) } }
        // Whoever came while a batch was under way that was not forced to disk waits for the next, which is.
        guard batch.isDurable else { return answers }
        let first = first
        answers += settlers.filter { $0.sequence < first }.map { ($0.continuation, nil) }
        settlers.removeAll { $0.sequence < first }
        return answers
    }

    /// Nothing of the batch is written: results are lost, who waited is told, the rest stays first in line.
    mutating func failed(_ batch: Batch, because problem: String, at elapsed: Duration) -> Answers {
        facts.problem = problem
        facts.dropped += resultCount
        resultCount = 0
        chunks = []
        gathered = nil
        retry = elapsed + Self.retryAfter
        let answers: Answers =
            batch.records.compactMap { record in record.keeper.map { ($0, NotKept(problem)) } }
            + settlers.map { ($0.continuation, NotKept(problem)) }
        settlers = []
        restore(batch.records.filter { $0.keeper == nil })
        return answers
    }

    /// Nothing more is taken in; what waits is written as far as there is time.
    mutating func close() { isClosed = true }

    /// Nothing more will be written.
    mutating func abandon() -> Answers {
        let answers: Answers =
            records.compactMap { record in record.keeper.map { ($0, Self.ended) } } + settlers.map { ($0.continuation, Self.ended) }
        facts.dropped += resultCount
        (records, chunks, settlers, latest, resultCount, gathered, retry) = ([], [], [], [:], 0, nil, nil)
        return answers
    }

    /// Puts records back before those that came meanwhile, of each id only its latest.
    private mutating func restore(_ older: [Record]) {
        let all = older + records
        latest = [:]
        taken = 0
        records = []
        for record in all {
            if record.keeper == nil, let id = record.entry.replaceable, let place = latest[id] {
                records[place].entry = record.entry
                continue
            }
            records.append(record)
            if let id = record.entry.replaceable { latest[id] = record.keeper == nil ? records.count - 1 : nil }
        }
    }

    /// The journal could not be opened at the start.
    mutating func begin(problem: String?, bytes: Int, at elapsed: Duration) {
        facts.problem = problem
        facts.bytes = bytes
        retry = problem == nil ? nil : elapsed + Self.retryAfter
    }
}

extension JournalEntry {
    /// What later entries about the same thing replace.
    fileprivate var replaceable: UUID? {
        switch self {
        case .episode(let episode): episode.id
        case .attempt(let attempt): attempt.id
        default: nil
        }
    }
}
