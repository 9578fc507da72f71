import API
import FoundationEssentials
import Monitoring
import Probing

/// Something to know above all else: maintenance, a refused configuration, the agent's own trouble.
struct Banner: Sendable {
    let tone: String
    let text: String
    let lines: [String]
    let isAlert: Bool

    private init(_ tone: Standing, _ text: String, lines: [String] = []) {
        self.tone = tone.rawValue
        self.text = text
        self.lines = lines
        isAlert = tone == .failing
    }

    /// - Parameter leadership: whether this agent runs responders; nil if no lock file decides it.
    static func all(_ snapshot: Snapshot, leadership: LeadershipFacts?) -> [Banner] {
        let facts = snapshot.agent
        var banners: [Banner] = []
        if !facts.lastReloadSucceeded {
            let text = "The configuration on disk is invalid; the previous configuration remains in effect:"
            banners.append(Banner(.failing, text, lines: facts.diagnostics.map(\.description)))
        } else if !facts.diagnostics.isEmpty {
            banners += facts.diagnostics.map { Banner(.warning, $0.description) }
        }
        if let problem = facts.journal.problem { banners.append(Banner(.failing, "\(problem); probes and alerts are unaffected")) }
        for list in facts.targetLists {
            if let problem = list.problem { banners.append(Banner(.failing, "Target list problem: \(list.definition): \(problem)")) }
        }
        if facts.overdue > .seconds(10) {
            banners.append(Banner(.warning, "The schedule is behind: due runs have waited for \(Int(facts.overdue.seconds)) s."))
        }
        if let leadership { banners.append(Banner(leadership.problem == nil ? .waiting : .failing, leadership.sentence)) }
        banners += all(overrides: snapshot.overrides, maintenance: snapshot.maintenance, at: snapshot.taken)
        return banners
    }

    static func all(overrides: [Override], maintenance: [Maintenance], at now: Date) -> [Banner] {
        let sorted = maintenance.sorted { ($0.server, $0.component, $0.requester) < ($1.server, $1.component, $1.requester) }
        return sorted.map { Banner(MaintenanceDocument($0, at: now), at: now) }
            + overrides.sorted { ($0.identity, $0.property) < ($1.identity, $1.property) }.map { override in
                let comment = override.comment.isEmpty ? "" : ": \(override.comment)"
                return Banner(.waiting, "Override: \(OverrideDocument(override).line), by \(override.by)\(comment)")
            }
    }

    private init(_ maintenance: MaintenanceDocument, at now: Date) {
        let component = maintenance.component == Maintenance.wholeServer ? "everything" : maintenance.component
        let place = maintenance.server == "*" ? "all servers" : maintenance.server
        let comment = maintenance.comment.isEmpty ? "" : ": \(maintenance.comment)"
        let isInForce = maintenance.since != nil
        let next =
            maintenance.nextChange.map {
                isInForce ? ", ends \(PageTime($0, at: now).relative)" : ", begins \(PageTime($0, at: now).relative)"
            } ?? ""
        let words = isInForce ? "In maintenance: \(component) on \(place)" : "Maintenance planned: \(component) on \(place)"
        self.init(.maintenance, "\(words) (\(maintenance.window)\(next)), by \(maintenance.by)\(comment)")
    }
}
