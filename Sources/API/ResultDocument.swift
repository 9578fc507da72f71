import Certificates
package import FoundationEssentials
package import Probing

/// A result in the JSON of `--output json` and the API. Times are ISO 8601 in UTC, durations are in seconds.
package struct ResultDocument: Codable, Sendable {
    /// One stage, in the order of the kind; `detail` is empty if there is none.
    package struct StageDocument: Codable, Sendable {
        package var name: String
        package var verdict: String
        package var durationSeconds: Double
        package var detail: String
    }

    /// One finding, in the order they were recorded; stage and reason as in metrics.
    package struct FindingDocument: Codable, Sendable {
        package var severity: String
        package var stage: String
        package var reason: String
        package var sentence: String
    }

    /// One copy of an OAuth certificate; `server` is empty for a copy that the organization shares.
    package struct CertificateDocument: Codable, Sendable {
        package var server: String
        package var source: String
        package var slot: String
        package var thumbprint: String
        package var subject: String
        package var issuer: String
        package var notBefore: Date
        package var notAfter: Date
        package var keyType: String
        package var keyBits: Int
        package var signatureAlgorithm: String
        package var lastSeen: Date
    }

    package var server: String
    /// The target, for kinds that probe targets; otherwise nil.
    package var target: String?
    /// The probed address of the target, if every address has its own probe; otherwise nil.
    package var address: String?
    package var monitorIdentity: String
    package var healthSet: String
    package var probe: String
    package var kind: String
    package var requestId: String
    package var executionStartTime: Date
    package var executionEndTime: Date
    package var durationSeconds: Double
    package var resultType: String
    package var error: String
    package var exception: String
    package var reason: String?
    package var warning: Bool
    package var failedStage: String?
    package var sampleValue: Double?
    package var retryCount: Int
    package var stages: [StageDocument]
    package var warnings: [FindingDocument]
    package var notChecked: [String]
    package var certificates: [CertificateDocument]
    package var cause: String?
    package var remedy: String?

    package init(_ result: ProbeResult) {
        let decisive = result.decisive
        server = result.key.server
        target = result.key.identity.target
        address = result.key.address.isEmpty ? nil : result.key.address
        monitorIdentity = result.key.identity.description
        healthSet = result.key.identity.healthSet
        probe = result.key.identity.name
        kind = result.kind
        requestId = result.requestID.description
        executionStartTime = result.start
        executionEndTime = result.end
        durationSeconds = result.duration.seconds
        resultType = result.type.name
        error = result.type == .succeeded ? "" : decisive?.sentence ?? ""
        exception = result.type == .succeeded ? "" : decisive?.exception ?? ""
        reason = decisive?.reason.rawValue
        warning = result.isWarning
        failedStage = result.type == .succeeded ? nil : decisive?.stage.rawValue
        sampleValue = result.outcome.sampleValue
        retryCount = result.retryCount
        stages = result.outcome.stages.map {
            StageDocument(name: $0.stage.rawValue, verdict: $0.verdict.rawValue, durationSeconds: $0.duration.seconds, detail: $0.detail)
        }
        warnings = result.outcome.findings.filter { $0.severity == .warning }.map {
            FindingDocument(severity: $0.severity.rawValue, stage: $0.stage.rawValue, reason: $0.reason.rawValue, sentence: $0.sentence)
        }
        notChecked = result.outcome.notChecked
        certificates = result.certificates.map { certificate in
            CertificateDocument(
                server: certificate.server, source: certificate.source.rawValue, slot: certificate.slot.rawValue,
                thumbprint: certificate.facts.thumbprint.description, subject: certificate.facts.subject,
                issuer: certificate.facts.issuer, notBefore: certificate.facts.notBefore, notAfter: certificate.facts.notAfter,
                keyType: certificate.facts.keyType.description, keyBits: certificate.facts.keyBits,
                signatureAlgorithm: certificate.facts.signatureAlgorithm, lastSeen: certificate.lastSeen)
        }
        cause = decisive?.cause?.description
        remedy = decisive?.remedy(for: result.key)
    }
}
