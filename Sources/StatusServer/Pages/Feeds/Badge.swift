import Monitoring
import Probing

/// A small picture with two texts, for other pages to show.
struct Badge: Sendable {
    /// What a badge says.
    enum Subject: String, Sendable, CaseIterable { case state, uptime, days }

    let label: String
    let text: String
    let color: String
    let labelWidth: Int
    let textWidth: Int
    let split: Int
    let textX: Int
    let inner: Int
    let width: Int

    init(_ label: String, _ text: String, _ standing: Standing) {
        self.label = label
        self.text = text
        color = standing.color
        labelWidth = Self.width(of: label)
        textWidth = Self.width(of: text)
        split = labelWidth + 15
        textX = split + 8
        width = textX + textWidth + 8
        inner = width - 4
    }

    /// In pixels; the text is stretched or squeezed to it.
    private static func width(of text: String) -> Int { Int((Double(text.count) * 6.6).rounded()) }

    /// The state of everything.
    init(_ snapshot: Snapshot) {
        let verdict = Verdict(Problem.all(Trouble.all(in: snapshot)), in: snapshot)
        let name = snapshot.agent.organization.isEmpty ? "agent" : snapshot.agent.organization
        self.init(name, verdict.badge, verdict.standing)
    }

    /// - Parameter shares: of all its runs; nil where they are not known.
    init(_ probe: ProbeState, _ subject: Subject, shares: UptimeShares?, in snapshot: Snapshot) {
        let standing = Standing(probe.latest)
        let name = probe.key.identity.name + (ProbeWords.place(probe.key).map { " \($0)" } ?? "")
        switch subject {
        case .state: self.init(name, standing.label, standing)
        case .uptime:
            let count = shares?.counts[1]
            let share = count.flatMap { $0.judged == 0 ? nil : Double($0.succeeded) / Double($0.judged) }
            let text = count.flatMap { $0.judged == 0 ? nil : ProbeRow.percentage($0.succeeded, of: $0.judged) } ?? "unknown"
            self.init(name + " 7 d", text, share.map { $0 >= 0.99 ? .passing : $0 >= 0.95 ? .warning : .failing } ?? .unknown)
        case .days:
            var alone = snapshot
            alone.probes = [probe]
            guard let first = SeenCertificate.all(in: alone).first(where: \.isInUse) else {
                self.init(name, "no certificate", .unknown)
                return
            }
            self.init(
                name, first.daysLeft(at: snapshot.taken).replacing(" d", with: " days left"),
                first.standing(at: snapshot.taken))
        }
    }
}
