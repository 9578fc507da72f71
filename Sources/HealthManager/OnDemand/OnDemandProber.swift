import Addresses
package import Concurrency
package import Monitoring
package import Probing
import Synchronization

/// Runs modules against targets for `/probe`. Identical concurrent requests share one run; access and load are limited by `ProbeAccess`.
package final class OnDemandProber: ResultObserver, Sendable {
    private struct Question: Hashable {
        var module: String
        var target: ExactText
        var hostname: String?
        var allowsLoopback: Bool
        var timeout: Duration
    }

    /// A run in progress, and who waits for it.
    private struct SharedRun {
        /// Abandoned when nobody waits any more.
        let client = Abandonment()
        /// Whether the request that started it still waits.
        var isLed = true
        /// The requests that joined it, by number.
        var followers: [Int: CheckedContinuation<OnDemandRun?, Never>] = [:]
    }

    private struct State {
        var modules: [String: Module] = [:]
        var defaultModule = ""
        var configuration = AgentConfiguration()
        var running: [Question: SharedRun] = [:]
        var followers = 0
        var budget = TokenBucket()
        var history = RunHistory()
        var unknownModules = 0
    }

    private let state = Mutex(State())
    private let time: any TimeSource
    private let runner: ProbeRunner

    /// Maximum concurrent runs that the process has file descriptors for.
    private let mostRunning: Int

    /// - Parameter mostRunning: the maximum number of concurrent runs, in addition to the configured maximum.
    package init(time: any TimeSource, mostRunning: Int = .max) {
        self.time = time
        self.mostRunning = mostRunning
        runner = ProbeRunner(time: time)
    }

    /// Takes modules, access rules and the rate limit of a plan that has come into use; ignores every other change.
    package func changed(_ change: CacheChange) {
        guard case .adopted(let plan) = change else { return }
        state.withLock { state in
            state.modules = plan.modules
            state.defaultModule = plan.defaultModule
            state.configuration = plan.configuration
            state.history.limit = plan.configuration.probe.historyLimit
            state.budget = TokenBucket(perSecond: plan.configuration.probe.rateLimit)
        }
    }

    /// The latest runs, newest first; failures are kept longer.
    package var recent: [OnDemandRun] { state.withLock { $0.history.all } }

    /// The latest run against a target; nil if none is kept.
    package func run(against target: String, module: String?) -> OnDemandRun? {
        recent.filter { $0.target == target && (module ?? $0.module.name) == $0.module.name }.max { $0.id < $1.id }
    }

    /// The names of the modules that this build cannot run, sorted.
    var unusableModules: [String] { state.withLock { $0.modules.values.filter { $0.unusable != nil }.map(\.name).sorted() } }

    /// The run with this ID; nil if it is no longer kept.
    package func run(numbered id: Int) -> OnDemandRun? { recent.first { $0.id == id } }

    /// The modules in use, sorted by name.
    package var modules: [Module] { state.withLock { $0.modules.values.sorted { $0.name < $1.name } } }

    /// The number of requests that named an unknown module.
    package var unknownModules: Int { state.withLock(\.unknownModules) }

    /// Runs the module against the target and returns when the run has ended, or returns why it was refused. The run itself uses the probe
    /// threads, so that the caller's executor is not blocked.
    /// - Parameter client: who waits for the reply; a run ends when all who share it have abandoned it. Nil: somebody who always waits.
    package func probe(_ query: ProbeQuery, for client: Abandonment? = nil) async -> ProbeReply {
        let prepared: Prepared
        do throws(Refusal) { prepared = try prepare(query) } catch { return .refused(status: error.status, error.sentence) }
        while client?.isAbandoned != true {
            switch await join(prepared, client) {
            case .shared(let run): return reply(run)
            case .refused(let refusal): return .refused(status: refusal.status, refusal.sentence)
            case .again: continue
            case .lead(let run):
                client?.onAbandon { self.leave(run, of: prepared.question, follower: nil) }
                defer { client?.onAbandon(nil) }
                let result = await runner.run(
                    prepared.probe, key: prepared.key, kind: prepared.module.kind.name, retries: 0, timeout: prepared.timeout, client: run)
                guard let run = finish(prepared, result) else { return Self.cancelled }
                return reply(run)
            }
        }
        return Self.cancelled
    }

    private static let cancelled = ProbeReply.refused(status: 503, "the request was cancelled")

    private func reply(_ run: OnDemandRun) -> ProbeReply {
        guard let decisive = run.result.decisive, decisive.reason == .targetForbidden else { return .ran(run) }
        return .refused(status: 403, decisive.sentence)
    }

    // MARK: Before a run

    private struct Refusal: Error {
        var status: Int
        var sentence: String
    }

    private struct Prepared {
        var question: Question
        var module: Module
        var probe: any Probe
        var key: ProbeKey
        var timeout: Duration
    }

    /// Validates the request, in blackbox_exporter's order: caller, module, timeout, target.
    private func prepare(_ query: ProbeQuery) throws(Refusal) -> Prepared {
        let (modules, defaultModule, configuration) = state.withLock { ($0.modules, $0.defaultModule, $0.configuration) }
        try admit(query, configuration.probe)
        for (parameter, value) in [("module", query.module), ("target", query.target), ("hostname", query.hostname)] {
            let value = value ?? ""
            guard value.utf8.count <= TargetSyntax.longest else {
                throw Refusal(
                    status: 400, sentence: "'\(parameter)' is \(value.utf8.count) bytes long, the maximum is \(TargetSyntax.longest)")
            }
            guard TargetSyntax.holdsControlCharacter(value) else { continue }
            throw Refusal(status: 400, sentence: "'\(parameter)' contains a control character, such as a line break")
        }
        let name = query.module.flatMap { $0.isEmpty ? nil : $0 } ?? defaultModule
        guard let module = modules[name] else {
            state.withLock { $0.unknownModules += 1 }
            let advice = modules.isEmpty ? ": this agent was started without --modules" : ""
            throw Refusal(status: 400, sentence: "Unknown module \"\(name)\"\(advice)")
        }
        if let unusable = module.unusable { throw Refusal(status: 400, sentence: "module \"\(name)\" cannot be run: \(unusable)") }
        let timeout = ProbeTimeout.rule(
            module: module.timeout, scrape: try Self.scrapeTimeout(query.scrapeTimeout), offset: configuration.probe.timeoutOffset)
        // Files are only read where the configuration says so.
        if module.target == nil, !module.kind.isProber {
            throw Refusal(
                status: 403,
                sentence:
                    "module \"\(name)\" reads files of this machine: it must name them itself, with the key 'target' in the module file"
            )
        }
        guard let text = module.target ?? query.target, !text.isEmpty else {
            throw Refusal(status: 400, sentence: "Target parameter is missing")
        }
        let hostname = query.hostname.flatMap { $0.isEmpty ? nil : $0 }
        if let hostname, let host = module.hostHeader, host != hostname {
            throw Refusal(
                status: 400,
                sentence: "the module sets the Host header to \(host), but the parameter 'hostname' is \(hostname): omit one of them")
        }
        let policy = AddressPolicy(
            allowed: configuration.probe.allowTargets, denied: configuration.probe.denyTargets, allowsLoopback: query.isLocal)
        let target = Target(text, hostname: hostname, policy: policy)
        let place = Place(organization: configuration.organization, server: nil, target: target)
        guard case .probe(let probe) = module.kind.discover(at: place) else {
            throw Refusal(status: 400, sentence: "the module cannot probe a target")
        }
        return Prepared(
            question: Question(module: name, target: ExactText(text), hostname: hostname, allowsLoopback: query.isLocal, timeout: timeout),
            module: module, probe: probe,
            key: ProbeKey(identity: ProbeIdentity(healthSet: "", name: name, target: target.description), site: .target(address: nil)),
            timeout: timeout)
    }

    private func admit(_ query: ProbeQuery, _ access: ProbeAccess) throws(Refusal) {
        guard let caller = query.caller, !query.isUser else { return }
        guard access.allowFrom.contains(where: { $0.contains(caller.unwrapped) || $0.contains(caller) }) else {
            throw Refusal(status: 403, sentence: "\(caller) is not allowed to run probes: add it to 'probe.allowFrom' in agent.yaml")
        }
        // The origin of a request forwarded by a proxy on this machine is unknown.
        if caller.isLoopbackSource, query.isForwarded {
            throw Refusal(status: 403, sentence: "only callers on this machine are allowed, and a proxy forwarded the request")
        }
    }

    private static func scrapeTimeout(_ header: String?) throws(Refusal) -> Duration? {
        guard let header, !header.isEmpty else { return nil }
        guard let seconds = Double(header), seconds.isFinite, abs(seconds) < 1e6 else {
            throw Refusal(
                status: 500, sentence: "Failed to parse timeout from Prometheus header: '\(header.prefix(40))' is not a number of seconds")
        }
        return .seconds(seconds)
    }

    // MARK: Sharing

    private enum Part {
        /// To run it, for this client.
        case lead(Abandonment)
        case shared(OnDemandRun)
        /// The run was abandoned, or had ended.
        case again
        case refused(Refusal)
    }

    private func join(_ prepared: Prepared, _ client: Abandonment?) async -> Part {
        if let part = state.withLock({ enter(prepared.question, &$0) }) { return part }
        defer { client?.onAbandon(nil) }
        let run = await withCheckedContinuation { continuation in
            let joined: (number: Int, run: Abandonment)? = state.withLock { state in
                guard let run = state.running[prepared.question]?.client else { return nil }
                state.followers += 1
                state.running[prepared.question]?.followers[state.followers] = continuation
                return (state.followers, run)
            }
            // The run ended between the two checks: try again.
            guard let joined else { return continuation.resume(returning: nil) }
            client?.onAbandon { self.leave(joined.run, of: prepared.question, follower: joined.number) }
        }
        return run.map { .shared($0) } ?? .again
    }

    /// Lets go of a follower, or of the request that started the run if nil; ends the run if nobody waits for it any more. Does nothing if the
    /// run has ended.
    private func leave(_ run: Abandonment, of question: Question, follower: Int?) {
        let (continuation, isOver): (CheckedContinuation<OnDemandRun?, Never>?, Bool) = state.withLock { state in
            guard var shared = state.running[question], shared.client === run else { return (nil, false) }
            let continuation = follower.flatMap { shared.followers.removeValue(forKey: $0) }
            if follower == nil { shared.isLed = false }
            state.running[question] = shared
            return (continuation, !shared.isLed && shared.followers.isEmpty)
        }
        continuation?.resume(returning: nil)
        if isOver { run.abandon() }
    }

    /// - Returns: nil if an identical run is in progress.
    private func enter(_ question: Question, _ state: inout State) -> Part? {
        guard state.running[question] == nil else { return nil }
        guard state.budget.take(at: time.elapsed) else {
            return .refused(
                Refusal(
                    status: 429,
                    sentence: "more than \(state.configuration.probe.rateLimit) probes per second: see 'probe.rateLimit' in agent.yaml"))
        }
        let most = min(state.configuration.probe.maximumRunning, mostRunning)
        guard state.running.count < most else {
            let remedy =
                most < state.configuration.probe.maximumRunning
                ? "raise the limit of open files (ulimit -n, LimitNOFILE)" : "see 'probe.maximumRunning' in agent.yaml"
            return .refused(Refusal(status: 503, sentence: "\(most) probes are already running: \(remedy)"))
        }
        let run = SharedRun()
        state.running[question] = run
        return .lead(run.client)
    }

    private func finish(_ prepared: Prepared, _ result: ProbeResult?) -> OnDemandRun? {
        let (run, followers) = state.withLock { state in
            let run = result.map {
                state.history.add($0, module: prepared.module, target: prepared.key.identity.target ?? "", timeout: prepared.timeout)
            }
            return (run, state.running.removeValue(forKey: prepared.question)?.followers ?? [:])
        }
        for follower in followers.values { follower.resume(returning: run) }
        return run
    }
}
