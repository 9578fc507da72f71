import Certificates
import Documents
import FoundationEssentials
import Outbound
import Probing
import Transfers

/// Reads what the tenant publishes about its tokens: the OpenID discovery document, the key set and the federation metadata.
struct TenantDocuments: Sendable {
    /// A document that cannot be used.
    struct Problem: Error {
        var finding: Finding
    }

    struct Discovery: Sendable {
        var issuer: String
        var tokenEndpoint: String?
        var keySet: String?
    }

    let host: String
    let tenant: String
    let path: NetworkPath

    func discovery(_ context: RunContext, into log: inout RunRecorder) async throws(Problem) -> Discovery {
        let url = "https://\(host)/\(tenant)/v2.0/.well-known/openid-configuration"
        let name = "the discovery document (\(url))"
        let bytes = try await get(url, name, context, into: &log)
        guard let tree = try? JSONTree(bytes, within: .answer), let issuer = tree["issuer"]?.text else {
            throw failure(.metadataMalformed, "\(name) is not an OpenID configuration with an issuer")
        }
        return Discovery(issuer: issuer, tokenEndpoint: tree["token_endpoint"]?.text, keySet: tree["jwks_uri"]?.text)
    }

    /// The certificates of a key set; the URL must be of the host that issues the tokens.
    func keys(_ url: String, _ context: RunContext, into log: inout RunRecorder) async throws(Problem) -> [CertificateFacts] {
        let name = "the key set (\(url))"
        guard url.hasPrefix("https://\(host)/") else { throw failure(.metadataMalformed, "\(name) is at another host") }
        let bytes = try await get(url, name, context, into: &log)
        guard let tree = try? JSONTree(bytes, within: .answer), let keys = tree["keys"]?.elements else {
            throw failure(.metadataMalformed, "\(name) is not a JSON Web Key Set")
        }
        let certificates = keys.compactMap { $0["x5c"]?.elements?.first?.text }.compactMap(Self.certificate)
        guard !certificates.isEmpty else { throw failure(.metadataNoKeys, "\(name) contains no key with a certificate") }
        return certificates
    }

    /// The certificates of the federation metadata.
    func federation(_ context: RunContext, into log: inout RunRecorder) async throws(Problem) -> [CertificateFacts] {
        let url = "https://\(host)/\(tenant)/FederationMetadata/2007-06/FederationMetadata.xml"
        let name = "the federation metadata (\(url))"
        let bytes = try await get(url, name, context, into: &log)
        let texts: [String]
        do throws(XMLFault) { texts = try XMLText.texts(of: "X509Certificate", in: bytes) } catch {
            throw failure(.metadataMalformed, "\(name) is \(error)")
        }
        let certificates = texts.compactMap(Self.certificate)
        guard !certificates.isEmpty else { throw failure(.metadataNoKeys, "\(name) contains no certificate") }
        return certificates
    }

    private static func certificate(_ text: String) -> CertificateFacts? {
        Data(base64Encoded: text.filter { !$0.isWhitespace }).flatMap { try? CertificateFacts.read(pemOrDER: Array($0)) }
    }

    private func get(
        _ url: String, _ name: String, _ context: RunContext, into log: inout RunRecorder
    ) async throws(Problem) -> [UInt8] {
        let report = await path.transfers.exchange(path.request(toCloud: url, context))
        let judgement = ExchangeJudgement(report: report, peer: name, application: .metadata, allAs: .metadata)
        log.stage(.metadata, .passed, took: report.phases.values.reduce(.zero, +))
        if let finding = judgement.finding { throw Problem(finding: finding) }
        guard let response = report.response else { throw failure(.httpMalformed, "\(name): no response") }
        switch response.status {
        case 200: return response.body
        case 300..<400: throw failure(.httpRedirect, "\(name) redirects with status \(response.status)")
        case 400 where response.body.contains(subsequence: "AADSTS90002"), 404 where response.body.contains(subsequence: "AADSTS90002"):
            throw failure(.tenantUnknown, "there is no tenant '\(tenant)'")
        default: throw failure(.httpStatus, "\(name) returned status \(response.status)")
        }
    }

    private func failure(_ reason: Reason, _ clause: String) -> Problem {
        Problem(finding: Finding(.failure, stage: .metadata, reason: reason, sentence: clause))
    }
}

extension [UInt8] {
    fileprivate func contains(subsequence text: String) -> Bool { firstRange(of: Array(text.utf8)) != nil }
}
