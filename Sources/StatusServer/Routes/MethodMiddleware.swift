import API
import HTTPTypes
import Hummingbird

/// Answers 405 with an `Allow` header to an API request with the wrong method.
struct MethodMiddleware: RouterMiddleware {
    private static let gets: Set<String> = [
        "probes", "results", "health", "history", "overrides", "maintenance", "alerts", "attempts", "forecast", "events", "openapi.json",
    ]
    private static let posts: Set<String> = ["invoke", "overrides", "overrides/remove", "maintenance", "maintenance/end", "acknowledge"]
    private static let root = "/api/v1/"

    func handle(
        _ request: Request, context: ServerContext, next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        // The router also ignores repeated slashes.
        let written = "/" + request.uri.path.split(separator: "/").joined(separator: "/")
        guard written.hasPrefix(Self.root) else { return try await next(request, context) }
        let path = String(written.dropFirst(Self.root.count))
        let allowed = (Self.gets.contains(path) ? [HTTPRequest.Method.get, .head] : []) + (Self.posts.contains(path) ? [.post] : [])
        guard !allowed.isEmpty, !allowed.contains(request.method) else { return try await next(request, context) }
        let names = allowed.map(\.rawValue).joined(separator: ", ")
        return try .json(ErrorDocument(error: "use \(names)"), status: .methodNotAllowed, headers: [.allow: names])
    }
}
