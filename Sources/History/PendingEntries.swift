import FoundationEssentials
import Monitoring

/// The queue of entries that are not on disk yet, in order. A value; the store guards it with a lock.
///
/// Results are limited in number, and dropped while nothing can be written. All other entries are kept until they can be written; of an
/// episode or an attempt only the latest form is kept.
struct PendingEntries {
    /// An entry that is not a result.
    struct Record: Sendable {
        let sequence: UInt64
        var entry: JournalEntry
        /// The caller of `persist` waiting for this entry; the entry is dropped if it cannot be written.
        var keeper: CheckedContinuation<JournalError?, Never>?
    }

    struct Batch: Sendable {
        var records: [Record] = []
        var results: [ResultRow] = []
        /// Whether a caller waits for the batch to be on disk.
        var isDurable = false
    }

    private struct Settler {
        let sequence: UInt64
        let continuation: CheckedContinuation<JournalError?, Never>
    }

    typealias Answers = [(CheckedContinuation<JournalError?, Never>, JournalError?)]

    static let batchSize = 1000
    static let resultsHeld = 50_000
    /// How long results are collected before they are written: one transaction per result would write too many pages.
    static let gathering: Duration = .seconds(1)
    static let retryAfter: Duration = .seconds(30)

    private var sequence: UInt64 = 0
    private var records: [Record] = []
    /// Number of records taken out so far; the indices in `latest` are relative to the same origin.
    private var taken = 0
    private var latest: [UUID: Int] = [:]
    private var chunks: [[ResultRow]] = []
    private var resultCount = 0
    private var settlers: [Settler] = []
    private var gathered: Duration?
    private var retry: Duration?
    private(set) var facts = JournalFacts()
    private(set) var isClosed = false

    /// The time (`TimeSource.elapsed`) at which the writer must be woken; nil if only a new entry wakes it.
    var due: Duration? { facts.problem == nil ? gathered : retry }

    // MARK: Input

    /// - Returns: whether to wake the writer.
    mutating func record(_ entry: JournalEntry, at elapsed: () -> Duration) -> Bool {
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

    mutating func persist(_ entry: JournalEntry, _ keeper: CheckedContinuation<JournalError?, Never>) -> Answers {
        append(entry, keeper) ? [] : [(keeper, Self.ended)]
    }

    mutating func flush(_ continuation: CheckedContinuation<JournalError?, Never>) -> Answers {
        if isClosed { return [(continuation, Self.ended)] }
        if let problem = facts.problem { return [(continuation, JournalError(problem))] }
        settlers.append(Settler(sequence: sequence, continuation: continuation))
        return []
    }

    private static let ended = JournalError("the agent is shutting down, the history is closed")

    private mutating func append(_ entry: JournalEntry, _ keeper: CheckedContinuation<JournalError?, Never>?) -> Bool {
        guard !isClosed else { return false }
        if keeper == nil, let id = entry.replaceable, let place = latest[id] {
            records[place - taken].entry = entry
            return true
        }
        sequence += 1
        records.append(Record(sequence: sequence, entry: entry, keeper: keeper))
        // An entry recorded after a persisted one follows it and does not replace it, even with the same id.
        if let id = entry.replaceable { latest[id] = keeper == nil ? taken + records.count - 1 : nil }
        return true
    }

    // MARK: Output

    /// The sequence number of the first entry that has not been taken out.
    private var first: UInt64 { min(records.first?.sequence ?? .max, chunks.first?.first?.sequence ?? .max) }

    /// Takes out the next batch to write; nil if nothing is to be written now.
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

    /// Records that the batch was written.
    mutating func committed(_ batch: Batch, bytes: Int) -> Answers {
        facts.problem = nil
        facts.bytes = bytes
        retry = nil
        resultCount -= batch.results.count
        var answers: Answers = batch.records.compactMap { record in record.keeper.map { ($0, nil) } }
        // A flush requested while a batch without sync was being written waits for the next batch, which is synced.
        guard batch.isDurable else { return answers }
        let first = first
        answers += settlers.filter { $0.sequence < first }.map { ($0.continuation, nil) }
        settlers.removeAll { $0.sequence < first }
        return answers
    }

    /// Records that the batch failed: results are dropped, waiting callers get the problem, other entries are queued again at the front.
    mutating func failed(_ batch: Batch, because problem: String, at elapsed: Duration) -> Answers {
        facts.problem = problem
        facts.dropped += resultCount
        resultCount = 0
        chunks = []
        gathered = nil
        retry = elapsed + Self.retryAfter
        let answers: Answers =
            batch.records.compactMap { record in record.keeper.map { ($0, JournalError(problem)) } }
            + settlers.map { ($0.continuation, JournalError(problem)) }
        settlers = []
        restore(batch.records.filter { $0.keeper == nil })
        return answers
    }

    /// Refuses further entries; queued ones can still be written.
    mutating func close() { isClosed = true }

    /// Drops all queued entries: nothing more will be written.
    mutating func abandon() -> Answers {
        let answers: Answers =
            records.compactMap { record in record.keeper.map { ($0, Self.ended) } } + settlers.map { ($0.continuation, Self.ended) }
        facts.dropped += resultCount
        (records, chunks, settlers, latest, resultCount, gathered, retry) = ([], [], [], [:], 0, nil, nil)
        return answers
    }

    /// Puts records back in front of newer ones, keeping only the latest record of each id.
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

    /// Sets the state after the database was opened.
    /// - Parameter problem: why it could not be opened; nil if it was.
    mutating func begin(problem: String?, bytes: Int, at elapsed: Duration) {
        facts.problem = problem
        facts.bytes = bytes
        retry = problem == nil ? nil : elapsed + Self.retryAfter
    }
}

extension JournalEntry {
    /// The id under which a later entry replaces this one; nil if it is never replaced.
    fileprivate var replaceable: UUID? {
        switch self {
        case .episode(let episode): episode.id
        case .attempt(let attempt): attempt.id
        default: nil
        }
    }
}
