import Addresses
import FoundationEssentials
import HTTPTypes
import Hummingbird
import Monitoring

/// Applies the web configuration to requests over the network: the rate limit, then headers, then the login.
struct WebMiddleware: RouterMiddleware {
    let configuration: WebConfiguration

    func handle(
        _ request: Request, context: ServerContext, next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        if let limit = configuration.limit, !limit.allows() {
            return .plain(.tooManyRequests, "too many requests: 'rate_limit' of the web configuration is reached\n")
        }
        let settings = configuration.current.settings
        var response: Response
        do { response = try await loggedIn(request, context, settings, next) } catch let error as any HTTPResponseError {
            response = try error.response(from: request, context: context)
        }
        for header in settings.headers {
            if let name = HTTPField.Name(header.name) { response.headers[name] = header.value }
        }
        return response
    }

    private func loggedIn(
        _ request: Request, _ context: ServerContext, _ settings: WebSettings,
        _ next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        let isOpen = settings.users.isEmpty || context.endpointPath.map(settings.openPaths.contains) ?? false
        guard !isOpen else { return try await next(request, context) }
        if let (user, password) = Self.login(request.headers[.authorization] ?? "") {
            switch await configuration.passwords.verify(password, of: user, among: settings.users, from: context.address?.description ?? "")
            {
            case .right:
                var context = context
                context.user = user
                return try await next(request, context)
            case .busy: return .plain(.serviceUnavailable, "too many logins at once: try again\n", headers: [.retryAfter: "1"])
            case .wrong: break
            }
        }
        return .plain(.unauthorized, "log in with a user of the web configuration\n", headers: [.wwwAuthenticate: "Basic"])
    }

    /// The user and password of `Basic`; nil for anything else.
    static func login(_ header: String) -> (user: String, password: String)? {
        let parts = header.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "basic", let data = Data(base64Encoded: String(parts[1])) else { return nil }
        let pair = String(decoding: data, as: UTF8.self).split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        return pair.count == 2 ? (String(pair[0]), String(pair[1])) : nil
    }
}
