import Certificates
import FoundationEssentials
import Outbound
import Probing

struct KeySizeProbe: Probe {
    let place: Place
    let copies: CopyReader
    let minimumKeyBits: Int

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
        var findings: [Finding] = []
        if facts.keyType != .rsa {
            findings.append(
                Finding(
                    .failure, stage: .certificate, reason: .keyTypeUnsupported,
                    sentence: "\(subject) has a key of type \(facts.keyType), but Exchange's tokens are signed with RSA",
                    certificate: facts.thumbprint))
        } else if facts.keyBits < minimumKeyBits {
            findings.append(
                Finding(
                    .failure, stage: .certificate, reason: .keyTooSmall,
                    sentence: "\(subject) has an RSA key of \(facts.keyBits) bits, the minimum is \(minimumKeyBits)",
                    certificate: facts.thumbprint))
        }
        if facts.hasWeakSignature {
            findings.append(
                Finding(
                    .warning, stage: .certificate, reason: .signatureWeak,
                    sentence: "\(subject) is signed with \(facts.signatureAlgorithm)",
                    certificate: facts.thumbprint))
        }
        return findings
    }
}
