import Certificates
import Documents
import FoundationEssentials
import JWTKit
import Outbound
import Probing
import Transfers

extension [Reason] {
    /// Why no token was issued; clocks that differ, and the network, come in addition.
    static let token: [Reason] = [
        .tokenRefused, .tokenKeyUnknown, .tokenMalformed, .applicationUnknown, .tenantUnknown, .consentMissing, .conditionalAccess,
        .endpointThrottled, .credentialUnreadable,
    ]
}

/// Exchanges a client assertion, signed with the agent's own key, for an access token.
struct TokenRequest: Sendable {
    struct Token: Sendable {
        var text: String
        /// As the endpoint says; nil if it does not.
        var life: Duration?
    }

    enum Answer: Sendable {
        case token(Token)
        case refused(Finding)
    }

    let credential: TokenCredential
    let path: NetworkPath

    /// The validity period of an assertion, in seconds.
    private static let lifetime: TimeInterval = 300

    /// Sends one request. Assertion and token leave this type only in the request and in `Answer.token`.
    func run(_ context: RunContext, into log: inout RunRecorder) async -> Answer {
        let assertion: String
        do throws(CredentialUnusable) { assertion = try await sign(at: context.time.now) } catch {
            return .refused(error.finding(at: .token))
        }
        var request = path.request(toCloud: credential.endpoint, context)
        request.method = .post
        request.headers += [HeaderField("Content-Type", "application/x-www-form-urlencoded"), HeaderField("Accept", "application/json")]
        request.body = form([
            ("client_id", credential.clientID), ("scope", credential.scope), ("grant_type", "client_credentials"),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"), ("client_assertion", assertion),
        ])
        let report = await path.transfers.exchange(request)
        log.stage(.token, .passed, took: report.phases.values.reduce(.zero, +))
        let judgement = ExchangeJudgement(
            report: report, peer: "the token endpoint (\(credential.endpoint))", application: .token, allAs: .token)
        if let finding = judgement.finding { return .refused(finding) }
        guard let response = report.response else { return .refused(failure(.tokenMalformed, "no response")) }
        return read(response, secret: assertion)
    }

    private func read(_ response: ExchangeResponse, secret: String) -> Answer {
        let tree = try? JSONTree(response.body, within: .answer)
        if response.status == 200 {
            if let token = tree?["access_token"]?.text, !token.isEmpty {
                return .token(Token(text: token, life: tree?["expires_in"]?.duration))
            }
            return .refused(failure(.tokenMalformed, "the response contains no access_token"))
        }
        if (300..<400).contains(response.status) { return .refused(failure(.httpRedirect, "redirects with status \(response.status)")) }
        guard let error = tree?["error"]?.text, (400..<500).contains(response.status) else {
            return .refused(failure(.httpStatus, "status \(response.status)"))
        }
        let description = tree?["error_description"]?.text ?? ""
        let words = Redaction(secrets: [secret]).firstLine(of: description)
        if let (reason, clause) = refusal(description) { return .refused(failure(reason, clause, words)) }
        if response.status == 429 { return .refused(failure(.endpointThrottled, "answered 429: too many requests", words)) }
        let code = Redaction(secrets: [secret]).firstLine(of: error)
        return .refused(failure(.tokenRefused, "rejected the request with \(code)", words))
    }

    /// What the code at the beginning of an error's description means; nil for one without a meaning of its own.
    private func refusal(_ description: String) -> (Reason, String)? {
        switch description.prefix(while: { $0.isASCII && ($0.isLetter || $0.isNumber) }) {
        case "AADSTS700016", "AADSTS7000229":
            (.applicationUnknown, "the tenant does not have the agent's application \(credential.clientID)")
        case "AADSTS90002", "AADSTS900023": (.tenantUnknown, "the tenant does not exist")
        case "AADSTS700027", "AADSTS7000215":
            (.tokenKeyUnknown, "the tenant does not know the agent's key (\(credential.certificateFile))")
        case "AADSTS700024": (.clockSkew, "the assertion is outside its validity period: compare the clocks")
        case "AADSTS65001", "AADSTS650052", "AADSTS501051":
            (.consentMissing, "the agent's application has no consent for \(credential.scope)")
        case "AADSTS53003", "AADSTS530035", "AADSTS530004":
            (.conditionalAccess, "a conditional access policy blocks the agent's application")
        case "AADSTS50196", "AADSTS90055": (.endpointThrottled, "too many requests")
        default: nil
        }
    }

    private func failure(_ reason: Reason, _ clause: String, _ exception: String = "") -> Finding {
        Finding(
            .failure, stage: .token, reason: reason, sentence: "the token endpoint (\(credential.endpoint)): \(clause)",
            exception: exception)
    }

    private struct Claims: JWTPayload {
        var aud: String
        var iss: String
        var sub: String
        var jti: String
        var nbf: Int
        var exp: Int

        func verify(using algorithm: some JWTAlgorithm) throws {}
    }

    private func sign(at date: Date) async throws(CredentialUnusable) -> String {
        let (key, file): ([UInt8], [UInt8])
        do throws(FileUnreadable) {
            key = try RegularFile.read(credential.keyFile, atMost: RegularFile.credentialLimit, isSecret: true)
            file = try RegularFile.read(credential.certificateFile, atMost: RegularFile.certificateLimit)
        } catch { throw CredentialUnusable(error) }
        let certificate: CertificateFacts
        do { certificate = try CertificateFacts.read(pemOrDER: file) } catch {
            throw CredentialUnusable("\(credential.certificateFile) is not a readable certificate: \(error)")
        }
        let begin = Int(date.timeIntervalSince1970)
        let claims = Claims(
            aud: credential.endpoint, iss: credential.clientID, sub: credential.clientID, jti: UUID().uuidString.lowercased(),
            nbf: begin - 60,
            exp: begin + Int(Self.lifetime))
        do {
            let keys = JWTKeyCollection()
            await keys.add(rsa: try Insecure.RSA.PrivateKey(pem: key), digestAlgorithm: .sha256)
            // The token endpoint would only report that it does not know the key.
            guard PrivateKey.isKey(key, of: certificate) else {
                throw CredentialUnusable(
                    "\(credential.keyFile) is not the private key of \(credential.certificateFile) (\(certificate.thumbprint))")
            }
            return try await keys.sign(claims, header: ["typ": "JWT", "alg": "RS256", "x5t": .string(certificate.thumbprint.x5t)])
        } catch let error as CredentialUnusable {
            throw error
        } catch {
            throw CredentialUnusable("\(credential.keyFile) does not contain an RSA private key of at least 2048 bits in PEM format")
        }
    }

    private func form(_ fields: [(String, String)]) -> [UInt8] {
        Array(fields.map { "\($0.0)=\(PercentEncoding.encode($0.1))" }.joined(separator: "&").utf8)
    }
}
