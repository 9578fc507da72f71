import API
import Certificates
import Documents
import ExchangeExport
import Expressions
import FoundationEssentials
import Monitoring
import Probing
import Transfers

@testable import ProbeFiles
@testable import TargetKinds

/// What each fuzzer does with bytes of any kind. It returns, whatever they are: they may be refused, but not cost a crash, a hang or memory.
package let fuzzers: [String: @Sendable ([UInt8]) -> Void] = [
    "pem": { bytes in
        _ = CertificateFacts.count(pem: bytes)
        certificate(bytes)
        bundle(bytes)
    },
    "der": { bytes in
        certificate(bytes)
        bundle(bytes)
    },
    "pkcs7": { bundle($0) },
    "pkcs12": { bundle($0, passwords: ["changeit"]) },
    "keystore": { bytes in
        bundle(bytes)
        bundle(bytes, passwords: ["changeit"])
    },
    "crl": { bytes in
        bundle(bytes)
        _ = try? inquiry.status(in: bytes, at: "http://crl.test/root.crl")
    },
    "ocsp": { _ = try? inquiry.response($0) },
    "kubernetes": { bytes in
        guard let document = try? KubernetesDocument(bytes, path: "/nonexistent/config") else { return }
        for entry in CertificateBundle.read(document.groups).entries { examine(entry.facts) }
    },
    "snapshot": { _ = try? ExchangeSnapshot($0) },
    "metadata": { bytes in
        _ = try? AuthMetadataDocument(bytes)
        for text in (try? XMLText.texts(of: "X509Certificate", in: bytes)) ?? [] { Base64.decode(text).map(certificate) }
    },
    "challenge": { bytes in
        _ = Challenge.bearer(in: bytes.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) })
    },
    "state": { bytes in
        restore(Override.self, bytes) { OverrideDocument($0) }
        restore(Maintenance.self, bytes) { maintenance in
            let document = MaintenanceDocument(maintenance, at: now)
            _ = document.nextChange.map { Duration.seconds($0.timeIntervalSince(now)) }
            return document
        }
        restore(Episode.self, bytes) { $0 }
        restore(Attempt.self, bytes) { $0 }
    },
    "modules": { bytes in
        let file = YAMLFile(path: "modules.yml")
        guard let setting = try? file.parse(file.text(bytes)) else { return }
        _ = ModulesFile(kinds: kinds, notes: SettingsReader.Notes()).modules(setting)
        _ = try? ImportedFile(setting)
    },
    "targets": { bytes in
        _ = try? TargetGroups(json: bytes, "targets.json")
        _ = try? TargetGroups(yaml: bytes, "targets.yml")
    },
    "starttls": { StartTLSPeer.shared.speak($0) },
    "dns": { bytes in
        _ = try? DNSAnswer(bytes, to: Array(bytes[..<min(2, bytes.count)]) + query.dropFirst(2))
    },
    "cel": { bytes in
        // The expression, then the body that it is evaluated over.
        let parts = bytes.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
        guard let expression = try? BodyExpression(String(decoding: parts[0], as: UTF8.self)) else { return }
        guard let body = try? Value(json: parts.count > 1 ? Array(parts[1]) : Array("{}".utf8)) else { return }
        _ = try? expression.isTrue(of: body)
    },
]

private let transfers = Transfers()
private let kinds = KindCatalog(TargetKinds.all(TargetServices(transfers: transfers, userAgent: "fuzzer")))
private let query = (try? DNSQuestion(name: "a.test", type: "A", queryClass: "IN", recursionDesired: true).message()) ?? []

/// Of the leaf among the inputs, whose issuer is the root there.
private let inquiry = RevocationInquiry(facts("leaf"), by: facts("root"))

private func facts(_ name: String) -> CertificateFacts {
    let path = "Tests/Fuzzing/Corpus/der/" + name
    do { return try CertificateFacts.read(pemOrDER: RegularFile.read(path, atMost: 4096)) } catch { fatalError("\(error)") }
}

private let now = Date(timeIntervalSince1970: 1_800_000_000)

@Sendable private func certificate(_ bytes: [UInt8]) {
    if let facts = try? CertificateFacts.read(pemOrDER: bytes) { examine(facts) }
}

private func bundle(_ bytes: [UInt8], passwords: [String] = []) {
    for entry in (try? CertificateBundle.read(bytes, passwords: passwords))?.entries ?? [] { examine(entry.facts) }
}

/// What is asked of a certificate later.
private func examine(_ facts: CertificateFacts) {
    _ = (facts.mayAuthenticateClient, facts.signatureDigest, facts.demandsStaple, facts.timestampCount, facts.publicKeyDigest)
    _ = facts.alternativeNames
}

/// A value as the history and the lock file of the responders store it, and what is shown of it.
private func restore<Stored: Decodable>(_ type: Stored.Type, _ bytes: [UInt8], _ shown: (Stored) -> some Encodable) {
    for stored in [try? Body.decode(type, String(decoding: bytes, as: UTF8.self)), try? JSONText.decode(type, from: bytes)] {
        _ = try? stored.map { try JSONText.encode(shown($0)) }
    }
}
