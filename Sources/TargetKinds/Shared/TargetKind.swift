import Probing

/// A kind whose probes check one target each.
protocol TargetKind: ProbeKind {
    associatedtype Check: TargetProbe where Check.Options == Options

    var services: TargetServices { get }
}

extension TargetKind {
    var aim: KindAim { .targets }

    func discover(_ options: Options, at place: Place) -> Discovery {
        guard let target = place.target else { return .notDefined(.needsTarget) }
        return .probe(Check(target: target, options: options, services: services))
    }
}

/// A probe of one target. What it measures is recorded whether it succeeds or fails.
protocol TargetProbe: Probe {
    associatedtype Options
    associatedtype Facts: RunFacts

    var target: Target { get }
    var services: TargetServices { get }

    init(target: Target, options: Options, services: TargetServices)

    /// Checks the target, and records stages and findings in `run`.
    func check(_ run: inout TargetRun, _ facts: inout Facts) async
}

/// The facts of one run, which begin empty.
protocol RunFacts: TargetFacts { init() }

extension TargetProbe {
    func run(_ context: RunContext) async -> Outcome {
        var run = TargetRun(target, context, services)
        var facts = Facts()
        await check(&run, &facts)
        run.measured(facts)
        return run.outcome
    }
}

extension [Reason] {
    /// Of a target that is not probed.
    static let target: [Reason] = [.targetInvalid, .targetForbidden]
}

extension NotDefined {
    static let needsTarget = NotDefined(because: "its kind needs a target", configured: "add 'targets' to its definition")
}
