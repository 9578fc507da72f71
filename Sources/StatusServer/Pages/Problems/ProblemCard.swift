import FoundationEssentials
import Monitoring
import Probing

/// A problem as `problem.html` shows it.
struct ProblemCard: Sendable {
    struct Place: Sendable {
        let placeHref: String
        let place: String
        let placeSentence: String
    }

    struct Acknowledgement: Sendable {
        let who: String
        let acknowledgedAt: PageTime
        let comment: String?
    }

    /// The most places that are listed one by one.
    private static let mostPlaces = 50

    let id: String
    let isOpen: Bool
    let standing: String
    let standingLabel: String
    let problemTitle: String
    let problemSince: PageTime
    let sentence: String
    let notes: [String]
    let affects: String
    let hasExplained: Bool
    let explains: [String]
    let rootCause: String?
    let problemReason: String?
    let monitors: String
    let acknowledgedBy: Acknowledgement?
    let hasOrders: Bool
    let orders: [OrderButton]
    let hasOthers: Bool
    let others: [Place]
    let remedy: RemedyText?
    let look: [String]
    let hasCmdlets: Bool
    let cmdlets: [String]

    /// - Parameters:
    ///   - isOpen: whether what to do is shown at once.
    ///   - user: who has logged in and may order something; nil for nobody.
    init(_ problem: Problem, at now: Date, commands: CommandText, isOpen: Bool, user: String? = nil) {
        self.isOpen = isOpen
        let lead = problem.lead
        id = "problem-" + Self.slug([lead.reason?.rawValue ?? "", lead.thumbprint ?? ProbeWords.name(lead.key.identity)])
        standing = problem.standing.rawValue
        standingLabel = problem.standing == .maintenance ? "in maintenance" : problem.standing.label
        problemTitle = problem.title
        problemSince = PageTime(problem.since, at: now)
        sentence = ProbeWords.sentence(lead.sentence)
        notes = Set(problem.troubles.compactMap(\.note)).sorted()
        affects = problem.affects
        explains = Self.explained(problem.explained)
        hasExplained = !explains.isEmpty
        rootCause = lead.cause?.description
        problemReason = lead.reason?.rawValue
        let names = problem.troubles.map { trouble in
            ProbeWords.name(trouble.monitor?.identity ?? trouble.key.identity)
        }
        monitors = Set(names).sorted().joined(separator: ", ")
        acknowledgedBy = problem.troubles.lazy.compactMap(\.acknowledged).first.map { given in
            Acknowledgement(
                who: given.by, acknowledgedAt: PageTime(given.at, at: now), comment: given.comment.isEmpty ? nil : given.comment)
        }
        let isInactive = problem.standing == .maintenance
        orders = OrderButton.all(id: id, about: problemTitle, lead.key, problem.troubles, isInactive: isInactive, by: user)
        hasOrders = !orders.isEmpty
        let all = problem.troubles + problem.explained
        hasOthers = all.count > 1
        others = all.count > 1 ? all.prefix(Self.mostPlaces).map(Self.place) : []
        let server = problem.servers.count == 1 ? problem.servers[0] : ""
        remedy = lead.reason.map { reason in
            RemedyText(reason.remedy(at: lead.stage, thumbprint: lead.thumbprint, on: server, isTarget: lead.key.isTarget))
        }
        look = Self.look(lead, commands)
        cmdlets = ExchangeCmdlet.toLook(at: lead)
        hasCmdlets = !cmdlets.isEmpty
    }

    /// `PushNotifications.Proxy\PushProbe on mbx01, mbx02`, one for each probe.
    private static func explained(_ troubles: [Trouble]) -> [String] {
        let groups = Dictionary(grouping: troubles) { ProbeWords.name($0.key.identity) }
        return groups.sorted { $0.key < $1.key }.map { name, troubles in
            let places = Set(troubles.map(\.place)).sorted()
            let on = places.count > 3 ? "\(places.count) places" : places.joined(separator: ", ")
            return "\(name) on \(on)"
        }
    }

    private static func place(_ trouble: Trouble) -> Place {
        Place(
            placeHref: ProbeWords.path(trouble.key), place: "\(ProbeWords.name(trouble.key.identity)) on \(trouble.place)",
            placeSentence: ProbeWords.sentence(trouble.sentence))
    }

    private static func look(_ lead: Trouble, _ commands: CommandText) -> [String] {
        let probe = lead.key.identity.description.replacing("\\", with: "/")
        let server = lead.key.server
        let on = server.isEmpty ? [] : ["--server", server]
        var lines = [commands.agent(["invoke", probe] + on), commands.agent(["history", probe] + on)]
        if let monitor = lead.monitor, lead.acknowledged == nil {
            lines.append(commands.agent(["acknowledge", monitor.name] + on + ["--comment", "WHAT IS BEING DONE"]))
        }
        return lines
    }

    /// For the id of an element: letters, digits and hyphens.
    static func slug(_ parts: [String]) -> String {
        let text = parts.filter { !$0.isEmpty }.joined(separator: "-").lowercased()
        return String(text.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" })
    }
}
