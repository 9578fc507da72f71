import FoundationEssentials
import Monitoring
import Probing

/// The problems as an Atom feed (RFC 4287): an entry for each cause, which stays the same as long as it lasts.
struct ProblemFeed: Sendable {
    struct Entry: Sendable {
        let entryID: String
        let entryTitle: String
        let published: String
        let anchor: String
        let category: String
        let summary: String
    }

    let feedID: String
    let title: String
    let updated: String
    let base: String
    let entries: [Entry]

    /// - Parameter base: the URL of the status page, with a slash at its end; relative to the feed where that is not known.
    init(_ snapshot: Snapshot, base: String) {
        let problems = Problem.all(Trouble.all(in: snapshot))
        let name = snapshot.agent.organization.isEmpty ? "agent" : snapshot.agent.organization
        let authority = PercentEncoding.encode(name)
        feedID = "urn:agent:\(authority):problems"
        title = "Problems of \(name)"
        self.base = base
        let commands = CommandText(snapshot.agent)
        // What is not alerting comes and goes with single runs.
        entries = problems.filter { !$0.isPending }.map { problem in
            let card = ProblemCard(problem, at: snapshot.taken, commands: commands, isOpen: false)
            return Entry(
                entryID: "urn:agent:\(authority):\(card.id):\(Int(problem.since.timeIntervalSince1970))",
                entryTitle: problem.title + problem.extent, published: card.problemSince.iso, anchor: card.id, category: card.standing,
                summary: card.sentence)
        }
        updated = entries.map(\.published).max() ?? snapshot.agent.started.formatted(.iso8601)
    }
}
