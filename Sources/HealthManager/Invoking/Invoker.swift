import Concurrency
package import Monitoring
import Probing

/// Runs probes on request.
package struct Invoker: Sendable {
    /// Maximum concurrent runs of one request: a definition may have a hundred thousand targets.
    private static let runsAtOnce = 256

    private let manager: HealthManager

    package init(_ manager: HealthManager) { self.manager = manager }

    /// Runs one probe now on the requested servers or targets, concurrently, and returns a result or a refusal for each.
    ///
    /// Results are cached like those of scheduled runs, unless the run was changed (`set`, `at` or a timeout).
    /// - Parameter remote: whether the request came from outside this process; options that could redirect the agent are then refused.
    package func invoke(_ request: InvokeRequest, remote: Bool) async -> InvokeResults {
        let original: ProbeDefinition
        let target: String?
        switch await manager.state.selector.select(request.probe) {
        case .one(let found, let text):
            original = found
            target = text
        case .none(let sentence): return InvokeResults(refusals: [.init(.unknownProbe, sentence)])
        }
        await manager.lookIfPending(original)
        let state = await manager.state
        let plan = InvocationPlan(original, at: target, request, remote: remote, state: state)
        let isRehearsal = !request.set.isEmpty || request.at != nil
        let timeout = request.timeoutSeconds.map { Duration.seconds($0) } ?? plan.definition.timeout
        let (definition, runner) = (plan.definition, state.services.runner)
        let ended = await plan.probes.concurrentMap(atMost: Self.runsAtOnce) { planned in
            await runner.end(
                planned.probe, key: planned.key, kind: definition.kind.name, retries: definition.retries, timeout: timeout, at: request.at,
                isRehearsal: isRehearsal)
        }.compactMap(\.self).sorted { $0.result.key < $1.result.key }
        if !isRehearsal, request.timeoutSeconds == nil {
            for run in ended { await manager.record(run, generation: state.generation, definition: original) }
        }
        return InvokeResults(results: ended.map(\.result), refusals: plan.refusals, notes: plan.notes)
    }
}
