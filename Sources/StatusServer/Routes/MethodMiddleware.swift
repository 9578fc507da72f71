import HTTPTypes
import HealthManager
import Hummingbird

/// Tells whoever takes the wrong method for a path of the API which ones there are.
struct MethodMiddleware: RouterMiddleware {
    private static let gets: Set<String> = [
        "probes", "results", "health", "history", "overrides", "maintenance", "alerts", "attempts", "forecast", "events", "openapi.json",
    ]
    private static let posts: Set<String> = ["invoke", "overrides", "overrides/remove", "maintenance", "maintenance/end", "acknowledge"]
    private static let root = "/api/v1/"

    func handle(
        _ request: Request, context: ServerContext, next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        // As the router reads it: however many slashes there are between the names.
        let written = "/" + request.uri.path.split(separator: "/").joined(separator: "/")
        guard written.hasPrefix(Self.root) else { return try await next(request, context) }
        let path = String(written.dropFirst(Self.root.count))
        let allowed = (Self.gets.contains(path) ? [HTTPRequest.Method.get, .head] : []) + (Self.posts.contains(path) ? [.post] : [])
        guard !allowed.isEmpty, !allowed.contains(request.method) else { return try await next(request, context) }
        let names = allowed.map(\.rawValue).joined(separator: ", ")
        return try .json(ErrorDocument(error: "use \(names)"), status: .methodNotAllowed, headers: [.allow: names])
    }
}
