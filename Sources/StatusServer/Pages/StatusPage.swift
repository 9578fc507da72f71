import Exposition
import FoundationEssentials
import Monitoring
import Probing

/// The status page at `/`.
struct StatusPage: Sendable {
    struct Count: Sendable {
        let state: String
        let count: Int
        let label: String
    }

    struct Choice: Sendable {
        let state: String
        let label: String
        let isChosen: Bool
    }

    struct More: Sendable {
        let href: String
        let words: String
    }

    struct Run: Sendable {
        let id: Int
        let module: String
        let runTarget: String
        let runState: String
        let result: String
        let runReason: String?
        let runSentence: String?
        let runAt: PageTime
    }

    /// As many problems have a card; what is left over is in the list of probes.
    private static let mostCards = 30
    private static let mostRuns = 20

    let frame: PageFrame
    let standing: String
    let taken: PageTime
    let headline: String
    let verdictDetail: String?
    let verdictSince: PageTime?
    let cliff: Cliff?
    let counts: [Count]
    let banners: [Banner]
    let hasProblems: Bool
    let problems: [ProblemCard]
    let moreProblems: String?
    let matrix: ServerMatrix?
    let search: String
    let choices: [Choice]
    let found: String
    let hasRows: Bool
    /// Whether rows that are not in sight are left to be laid out later.
    let isLong: Bool
    let rows: [ProbeRow]
    let moreRows: More?
    let certificates: CertificateSection?
    let hasRuns: Bool
    let runs: [Run]
    let hasAbsent: Bool
    let absent: [String]

    /// - Parameters:
    ///   - leadership: whether this agent runs responders; nil if no lock file decides it.
    ///   - user: who has logged in; nil for nobody.
    init(
        _ snapshot: Snapshot, _ query: PageQuery, leadership: LeadershipFacts?, build: BuildInformation, history: RunHistory,
        templates: PageTemplates, user: String?
    ) {
        let now = snapshot.taken
        let all = Problem.all(Trouble.all(in: snapshot, history: history))
        let verdict = Verdict(all, in: snapshot)
        frame = PageFrame(title: verdict.headline, root: "./", standing: verdict.standing, snapshot: snapshot, build: build, user: user)
        standing = verdict.standing.rawValue
        taken = PageTime(now, at: now)
        headline = verdict.headline
        verdictDetail = verdict.detail
        verdictSince = verdict.since.map { PageTime($0, at: now) }
        let seen = SeenCertificate.all(in: snapshot)
        cliff = Cliff(seen, at: now)
        banners = Banner.all(snapshot, leadership: leadership)
        let commands = CommandText(snapshot.agent)
        problems = all.prefix(Self.mostCards).enumerated().map { index, problem in
            ProblemCard(problem, at: now, commands: commands, isOpen: index == 0, user: user)
        }
        hasProblems = !problems.isEmpty
        moreProblems = all.count > Self.mostCards ? "and \(all.count - Self.mostCards) more problems, which the list of probes shows" : nil
        matrix = ServerMatrix(snapshot)
        let list = ProbeRows(snapshot, query, history: history)
        let shown = Standing.allCases.filter { list.counts[$0] != nil }
        counts = shown.map { Count(state: $0.rawValue, count: list.counts[$0] ?? 0, label: $0.label) }
        choices = [.failing, .warning, .unknown, .waiting, .passing].map { (choice: Standing) in
            Choice(state: choice.rawValue, label: choice.label, isChosen: query.state == choice)
        }
        search = query.search
        found = list.found == snapshot.probes.count ? "\(list.found) probes" : "\(list.found) of \(snapshot.probes.count) probes"
        rows = list.rows
        hasRows = !rows.isEmpty
        isLong = rows.count > PageQuery.firstRows
        moreRows = list.found > rows.count ? More(href: query.more, words: "Show more: \(rows.count) of \(list.found) are shown") : nil
        let dates = KnownDate.all(in: snapshot)
        certificates =
            seen.isEmpty
            ? nil
            : CertificateSection(seen, dates, axis: templates.render(CertificateAxis(seen, dates, at: now), "axis"), at: now)
        runs = snapshot.onDemand.prefix(Self.mostRuns).map(Self.run(now))
        hasRuns = !runs.isEmpty
        absent = snapshot.notDefined.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value.why.because)" }
        hasAbsent = !absent.isEmpty
    }

    private static func run(_ now: Date) -> (OnDemandRun) -> Run {
        { run in
            let decisive = run.result.decisive
            return Run(
                id: run.id, module: run.module.name, runTarget: run.target, runState: Standing(run.result).rawValue,
                result: run.result.type.name, runReason: decisive?.reason.rawValue, runSentence: decisive?.sentence,
                runAt: PageTime(run.result.start, at: now))
        }
    }
}
