import FoundationEssentials
import HTTPTypes
import Hummingbird

/// Microsoft Graph: the tenant's dedicated application, the shared service principal, and their keys, for whoever has a token for it.
struct GraphService: Sendable {
    let tenant: LabTenant
    let tokens: TokenIssuer

    private struct Application: Encodable {
        var appId: String
        var displayName: String
        var keyCredentials: [Key]?
    }

    private struct Key: Encodable {
        var customKeyIdentifier: String
        var type = "AsymmetricX509Cert"
        var usage = "Verify"
        var startDateTime: Date
        var endDateTime: Date
        /// Only sent of a single object, and null at times.
        var key: String?
    }

    private struct Page: Encodable {
        var value: [Application]
        var next: String?

        enum CodingKeys: String, CodingKey {
            case value
            case next = "@odata.nextLink"
        }
    }

    private struct Problem: Encodable {
        var error: [String: String]
    }

    private var fault: Fault.Answer? { tenant.board.answer(at: .graph) }

    func router() -> Router<BasicRequestContext> {
        let router = Router()
        router.get("/v1.0/{resource}") { request, context in
            await answer(request, try context.parameters.require("resource"))
        }
        return router
    }

    private func answer(_ request: Request, _ resource: String) async -> Response {
        let header = request.headers[.authorization] ?? ""
        guard header.hasPrefix("Bearer "), await tokens.accepts(String(header.dropFirst(7)), for: TokenIssuer.graph) else {
            return problem("InvalidAuthenticationToken", .unauthorized)
        }
        switch fault {
        case .consentMissing: return problem("Authorization_RequestDenied", .forbidden)
        case .throttled:
            return Answer.text(.tooManyRequests, "{}", type: "application/json", headers: [.retryAfter: "120"])
        default: break
        }
        if let fault, let answer = Answer.faulty(fault, document: []) { return answer }
        return (try? object(request, resource)) ?? problem("InternalServerError", .internalServerError)
    }

    private func object(_ request: Request, _ resource: String) throws -> Response {
        if resource == "applications" {
            // The first page is empty, as Graph may send it.
            let isLast = request.uri.queryParameters["$skiptoken"] != nil
            return try json(
                Page(
                    value: isLast && hasApplication ? [Application(appId: tenant.applicationID, displayName: name)] : [],
                    next: isLast ? nil : "https://graph.microsoft.com/v1.0/applications?$skiptoken=2"))
        }
        if resource == "applications(appId='\(tenant.applicationID)')", hasApplication {
            return try json(Application(appId: tenant.applicationID, displayName: name, keyCredentials: try keys))
        }
        if resource == "servicePrincipals(appId='00000002-0000-0ff1-ce00-000000000000')" {
            var left: [Key] = []
            if case .keysLeft? = fault { left = [try key(tenant.named())] }
            return try json(
                Application(
                    appId: "00000002-0000-0ff1-ce00-000000000000", displayName: "Office 365 Exchange Online", keyCredentials: left))
        }
        return problem("Request_ResourceNotFound", .notFound)
    }

    private var name: String { "ExchangeServerApp-{1c6a1f1e-6f0f-4f0e-8f56-5e2e6c1a7c11}" }

    private var hasApplication: Bool { if case .noApplication? = fault { false } else { true } }

    private var keys: [Key] {
        get throws {
            switch fault {
            case .keyUnknown?: return [try key(tenant.certificates.certificate(.other))]
            case .otherDates?:
                var key = try key(tenant.named())
                key.startDateTime += 3 * 3600
                key.endDateTime += 3 * 3600
                return [key]
            default: return [try key(tenant.installed())]
            }
        }
    }

    private func key(_ issued: OAuthCertificates.Issued) -> Key {
        Key(
            customKeyIdentifier: issued.thumbprint, startDateTime: issued.notBefore, endDateTime: issued.notAfter,
            key: Data(issued.der).base64EncodedString())
    }

    private func json(_ value: some Encodable) throws -> Response {
        let encoder = JSONEncoder()
        encoder.dateEncodingStrategy = .iso8601
        return Answer.json(Array(try encoder.encode(value)))
    }

    private func problem(_ code: String, _ status: HTTPResponse.Status) -> Response {
        Answer.json((try? JSONEncoder().encode(Problem(error: ["code": code, "message": code]))).map(Array.init) ?? [], status: status)
    }
}
