import FoundationEssentials
import HTTPTypes
import Hummingbird
import JWTKit
import Synchronization

/// The token endpoint: takes client assertions as the real one does, and issues tokens the push service knows.
struct TokenService: Sendable {
    /// What the agent asserts.
    private struct Assertion: JWTPayload {
        var aud: String
        var iss: String
        var sub: String
        var jti: String
        var nbf: Int
        var exp: Int

        func verify(using algorithm: some JWTAlgorithm) throws {}
    }

    private struct Refused: Error {
        var error: String
        var code: String
        var text: String
    }

    let tenant: LabTenant
    let credential: AgentCredential
    let tokens: TokenIssuer
    private let seen = Seen()

    init(tenant: LabTenant, credential: AgentCredential, tokens: TokenIssuer) {
        self.tenant = tenant
        self.credential = credential
        self.tokens = tokens
    }

    func router() -> Router<BasicRequestContext> {
        let router = Router()
        router.post("/{tenant}/oauth2/v2.0/token") { request, context in
            let name = try context.parameters.require("tenant")
            let body = try await request.body.collect(upTo: 1 << 16)
            return try await answer(
                tenantName: name, form: try URLEncodedFormDecoder().decode([String: String].self, from: String(buffer: body)))
        }
        DiscoveryService(tenant: tenant).add(to: router)
        return router
    }

    private func answer(tenantName: String, form: [String: String]) async throws -> Response {
        do {
            if case .tokenError(let error, let code)? = fault { throw Refused(error: error, code: code, text: "The fault is on.") }
            try await check(tenantName: tenantName, form: form)
            if case .noToken? = fault { return try json(["token_type": "Bearer"], .ok) }
            return try json(
                [
                    "token_type": "Bearer", "expires_in": "3599",
                    "access_token": await tokens.issue(for: form["scope"] == tenant.graphScope ? TokenIssuer.graph : TokenIssuer.outlook),
                ], .ok)
        } catch let refused as Refused {
            return try json(
                [
                    "error": refused.error, "error_description": "\(refused.code): \(refused.text)",
                    "correlation_id": UUID().uuidString.lowercased(),
                ],
                .badRequest)
        }
    }

    private var fault: Fault.Answer? { tenant.board.answer(at: .tokenEndpoint) }

    private func check(tenantName: String, form: [String: String]) async throws {
        guard tenant.namesTenant(tenantName) else {
            throw Refused(error: "invalid_request", code: "AADSTS90002", text: "Tenant not found.")
        }
        guard form["grant_type"] == "client_credentials" else {
            throw Refused(error: "unsupported_grant_type", code: "AADSTS70003", text: "The grant type is not supported.")
        }
        guard form["client_id"] == tenant.clientID else {
            throw Refused(error: "unauthorized_client", code: "AADSTS700016", text: "Application was not found in the directory.")
        }
        guard form["scope"] == tenant.scope || form["scope"] == tenant.graphScope else {
            throw Refused(error: "invalid_scope", code: "AADSTS70011", text: "The scope is not valid.")
        }
        guard form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", let text = form["client_assertion"]
        else {
            throw Refused(error: "invalid_client", code: "AADSTS7000216", text: "A client assertion is needed.")
        }
        let header = Self.header(of: text)
        guard [credential.certificate, credential.expiring].contains(where: { $0.x5t == header["x5t"] }), header["alg"] == "RS256",
            header["typ"] == "JWT"
        else {
            throw Refused(error: "invalid_client", code: "AADSTS700027", text: "The key was not found by the assertion's thumbprint.")
        }
        let assertion: Assertion
        do {
            let keys = JWTKeyCollection()
            await keys.add(rsa: try Insecure.RSA.PublicKey(pem: credential.publicKeyPEM), digestAlgorithm: .sha256)
            assertion = try await keys.verify(text, as: Assertion.self)
        } catch {
            throw Refused(error: "invalid_client", code: "AADSTS700027", text: "The assertion's signature does not verify.")
        }
        let now = Int(Date().timeIntervalSince1970)
        guard [tenant.tokenEndpoint, tenant.tokenEndpointByID].contains(assertion.aud), assertion.iss == tenant.clientID,
            assertion.sub == tenant.clientID
        else {
            throw Refused(error: "invalid_client", code: "AADSTS700023", text: "Audience, issuer or subject of the assertion is wrong.")
        }
        guard assertion.nbf <= now + 300, assertion.exp > now - 300, assertion.exp - assertion.nbf <= 600 else {
            throw Refused(error: "invalid_client", code: "AADSTS700024", text: "The assertion is not within its valid time range.")
        }
        guard seen.isNew(assertion.jti) else {
            throw Refused(error: "invalid_client", code: "AADSTS700025", text: "The assertion was used before.")
        }
    }

    private func json(_ fields: [String: String], _ status: HTTPResponse.Status) throws -> Response {
        Answer.json(Array(try JSONEncoder().encode(fields)), status: status)
    }

    private static func header(of token: String) -> [String: String] {
        guard let part = token.split(separator: ".").first else { return [:] }
        let plain = part.replacing("-", with: "+").replacing("_", with: "/")
        guard let data = Data(base64Encoded: plain + String(repeating: "=", count: (4 - plain.count % 4) % 4)) else { return [:] }
        return (try? JSONDecoder().decode([String: String].self, from: data)) ?? [:]
    }

    /// Identifiers of assertions already taken.
    private final class Seen: Sendable {
        private let identifiers = Mutex<Set<String>>([])

        func isNew(_ identifier: String) -> Bool { identifiers.withLock { $0.insert(identifier).inserted } }
    }
}

/// Issues and knows the access tokens of the lab's tenant.
struct TokenIssuer: Sendable {
    private struct Claims: JWTPayload {
        var aud: AudienceClaim
        var exp: ExpirationClaim
        var tid: String

        func verify(using algorithm: some JWTAlgorithm) throws { try exp.verifyNotExpired() }
    }

    static let outlook = "https://outlook.office365.com"
    static let graph = "https://graph.microsoft.com"

    private let keys: JWTKeyCollection
    private let tenantID: String

    init(tenantID: String) async {
        self.tenantID = tenantID
        keys = JWTKeyCollection()
        await keys.add(ecdsa: ES256PrivateKey())
    }

    func issue(for audience: String) async throws -> String {
        try await keys.sign(Claims(aud: AudienceClaim(value: audience), exp: ExpirationClaim(value: Date() + 3599), tid: tenantID))
    }

    func accepts(_ token: String, for audience: String) async -> Bool {
        guard let claims = try? await keys.verify(token, as: Claims.self) else { return false }
        return claims.aud.value.contains(audience) && claims.tid == tenantID
    }
}
