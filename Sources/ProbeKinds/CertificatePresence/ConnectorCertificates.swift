import Certificates
import ExchangeExport
import FoundationEssentials
import Probing

/// Whether a server has the certificates that mail connectors name in `TlsCertificateName`.
struct ConnectorCertificates {
    let snapshot: ExchangeSnapshot
    let server: ExchangeSnapshot.Server
    let thresholds: Thresholds

    /// Of mail to Exchange Online.
    private static let exchangeOnline = "mail.protection.outlook.com"

    /// In the order of the connectors. A receive connector concerns its own server. A send connector concerns every server: which of them it
    /// sends from is not in the snapshot.
    func findings(at date: Date) -> [Finding] {
        (snapshot.connectors ?? []).flatMap { connector -> [Finding] in
            guard connector.enabled != false, isOfServer(connector),
                let name = connector.tlsCertificateName.flatMap(CertificateName.init)
            else { return [] }
            return [presence(of: name, connector, at: date), mismatch(name, connector)].compactMap(\.self)
        }
    }

    /// From when on a certificate of a connector is warned of.
    static func warning(of certificate: ExchangeSnapshot.Certificate, _ thresholds: Thresholds) -> Date {
        let lifetime = Duration.seconds(certificate.notAfter.timeIntervalSince(certificate.notBefore))
        return certificate.notAfter.addingTimeInterval(-thresholds.warning(lifetime: lifetime).seconds)
    }

    private func isOfServer(_ connector: ExchangeSnapshot.Connector) -> Bool {
        guard let named = connector.server?.lowercased(), !named.isEmpty else { return connector.direction == .send }
        let own = server.name.lowercased()
        return named == own || !named.contains(".") && own.hasPrefix(named + ".")
    }

    private func presence(of name: CertificateName, _ connector: ExchangeSnapshot.Connector, at date: Date) -> Finding? {
        let what = "the \(connector.direction.rawValue) connector '\(connector.name)'"
        let named = (server.certificates ?? []).filter { $0.subject.map(name.isOf) ?? false }
        let usable = named.filter { $0.problem(at: date) == nil }
        guard let last = usable.max(by: { $0.notAfter < $1.notAfter }) else {
            let why = named.first.map { "\($0.thumbprint.value?.description ?? "") \($0.problem(at: date) ?? "")" }
            return Finding(
                isElsewhere(name, at: date) ? .warning : .failure, stage: .certificate, reason: .serviceWithoutCertificate,
                sentence: "\(server.name): \(what) needs the certificate \(name.subject), "
                    + (why.map { "but \($0)" } ?? "which is not on this server"))
        }
        let flaw: String
        if date > Self.warning(of: last, thresholds) {
            flaw = "expires on \(last.notAfter.formatted(.iso8601))"
        } else if connector.direction == .send, !usable.contains(where: Self.mayBeClient) {
            flaw = "is for TLS servers only (no clientAuth among its extended key usages): the other side may refuse it"
        } else {
            return nil
        }
        return Finding(
            .warning, stage: .certificate, reason: .serviceWithoutCertificate,
            sentence:
                "\(server.name): the certificate \(name.subject) (thumbprint \(last.thumbprint.value?.description ?? "")) that \(what) needs \(flaw)",
            certificate: last.thumbprint.value)
    }

    /// True where the snapshot does not contain the certificate itself. Public authorities no longer issue certificates for both sides.
    private static func mayBeClient(_ certificate: ExchangeSnapshot.Certificate) -> Bool {
        guard let der = certificate.certificate.flatMap(Base64.decode), let facts = try? CertificateFacts.read(pemOrDER: der) else {
            return true
        }
        return facts.mayAuthenticateClient
    }

    /// Whether mail could be sent from another server, which the snapshot does not say.
    private func isElsewhere(_ name: CertificateName, at date: Date) -> Bool {
        snapshot.servers.contains { other in
            other.name != server.name
                && (!other.isReachable
                    || (other.certificates ?? []).contains { $0.subject.map(name.isOf) ?? false && $0.problem(at: date) == nil })
        }
    }

    /// The connector to Exchange Online should have the certificate that the hybrid configuration names.
    private func mismatch(_ name: CertificateName, _ connector: ExchangeSnapshot.Connector) -> Finding? {
        guard connector.direction == .send, connector.tlsDomain?.lowercased() == Self.exchangeOnline,
            let hybrid = snapshot.hybridConfiguration?.tlsCertificateName.flatMap(CertificateName.init), hybrid != name
        else { return nil }
        return Finding(
            .warning, stage: .certificate, reason: .configMismatch,
            sentence:
                "the send connector '\(connector.name)' names the certificate \(name.subject) of \(name.issuer), Get-HybridConfiguration \(hybrid.subject) of \(hybrid.issuer)"
        )
    }
}

/// A certificate as connectors name it: `<I>CN=Public CA<S>CN=mail.fabrikam.com, O=Fabrikam`.
struct CertificateName: Sendable, Equatable {
    let issuer: String
    let subject: String

    /// Nil for anything else.
    init?(_ text: String) {
        guard text.hasPrefix("<I>"), let middle = text.firstRange(of: "<S>") else { return nil }
        issuer = String(text[..<middle.lowerBound].dropFirst(3))
        subject = String(text[middle.upperBound...])
        guard !subject.isEmpty else { return nil }
    }

    /// Whether a certificate with this subject may be meant: spaces between the parts and letter case do not matter.
    func isOf(_ subject: String) -> Bool { Self.parts(subject) == Self.parts(self.subject) }

    static func == (left: CertificateName, right: CertificateName) -> Bool {
        left.isOf(right.subject) && parts(left.issuer) == parts(right.issuer)
    }

    private static func parts(_ name: String) -> [String] {
        var parts = [""]
        var isQuoted = false
        for character in name.lowercased() {
            if character == "\"" { isQuoted.toggle() }
            if character == ",", !isQuoted { parts.append("") } else { parts[parts.count - 1].append(character) }
        }
        return parts.map { String($0.drop { $0 == " " }) }
    }
}
