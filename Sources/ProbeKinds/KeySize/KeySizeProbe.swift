import Certificates
import FoundationEssentials
import Outbound
import Probing

struct KeySizeProbe: Probe {
    let place: Place
    let copies: CopyReader
    let thresholds: Thresholds

    func run(_ context: RunContext) async -> Outcome {
        var log = RunRecorder()
        let seen = await copies.look(context)
        seen.recordMetadata(in: &log, place: place)
        if let problem = seen.exportedProblem { log.leaveOut("exported: \(problem)") }
        guard !seen.judged.isEmpty else {
            log.find(
                Finding(
                    .unknown, stage: .certificate, reason: .notObserved, sentence: "no copy of the OAuth certificate could be read",
                    cause: seen.metadata?.document == nil
                        ? place.watcher(MetadataReachabilityKind.self) : place.watcher(ThumbprintDriftKind.self)))
            return log.finished([.certificate, .metadata])
        }
        var known: Set<Thumbprint> = []
        for copy in seen.judged where known.insert(copy.facts.thumbprint).inserted { findings(copy).forEach { log.find($0) } }
        let smallest = seen.judged.map(\.facts.keyBits).min() ?? 0
        log.sample(Double(smallest))
        log.stage(
            .certificate, .passed, seen.judged.map { "\($0.facts.keyType) \($0.facts.keyBits) (\($0.location))" }.joined(separator: ", ")
        )
        return log.finished([.certificate, .metadata])
    }

    private func findings(_ copy: VisibleCopies.Copy) -> [Finding] {
        let facts = copy.facts
        let subject = "certificate \(facts.thumbprint) (\(copy.slot.rawValue); \(copy.location))"
        let key =
            facts.keyType == .rsa
            ? thresholds.keySize(of: facts, subject)
            : Finding(
                .failure, stage: .certificate, reason: .keyTypeUnsupported,
                sentence: "\(subject) has a key of type \(facts.keyType), but Exchange's tokens are signed with RSA",
                certificate: facts.thumbprint)
        return [key, thresholds.signature(of: facts, subject)].compactMap(\.self)
    }
}
