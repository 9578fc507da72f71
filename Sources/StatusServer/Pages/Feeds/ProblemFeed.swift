import FoundationEssentials
import Monitoring
import Probing

/// The problems as an Atom feed (RFC 4287): an entry for each cause, which stays the same as long as it lasts.
struct ProblemFeed: Sendable {
    struct Entry: Sendable {
        let entryID: String
        let entryTitle: String
        let published: String
        let entryUpdated: String
        let anchor: String
        let category: String
        let summary: String
    }

    let feedID: String
    let title: String
    let updated: String
    let base: String
    let entries: [Entry]

    /// - Parameters:
    ///   - base: the URL of the status page, with a slash at its end; relative to the feed where that is not known.
    ///   - memory: what the feed has said before.
    init(_ snapshot: Snapshot, base: String, memory: FeedMemory) {
        let name = snapshot.agent.organization.isEmpty ? "agent" : snapshot.agent.organization
        let authority = PercentEncoding.encode(name)
        feedID = "urn:agent:\(authority):problems"
        title = "Problems of \(name)"
        self.base = base
        let commands = CommandText(snapshot.agent)
        // What is not alerting comes and goes with single runs.
        let problems = Problem.all(Trouble.all(in: snapshot)).filter { !$0.isPending }.map { problem in
            let card = ProblemCard(problem, at: snapshot.taken, commands: commands, isOpen: false)
            let words = FeedMemory.Words(title: problem.title + problem.extent, summary: card.sentence, category: card.standing)
            return (id: card.id, since: problem.since, words: words)
        }
        let (known, updated) = memory.take(
            Dictionary(problems.map { ($0.id, ($0.since, $0.words)) }) { first, _ in first }, at: snapshot.taken,
            started: snapshot.agent.started)
        entries = problems.map { problem in
            let entry = known[problem.id]
            let began = entry?.began ?? problem.since
            return Entry(
                entryID: "urn:agent:\(authority):\(problem.id):\(Int(began.timeIntervalSince1970))",
                entryTitle: problem.words.title, published: began.formatted(.iso8601),
                entryUpdated: (entry?.updated ?? began).formatted(.iso8601), anchor: problem.id, category: problem.words.category,
                summary: problem.words.summary)
        }
        self.updated = updated.formatted(.iso8601)
    }
}
