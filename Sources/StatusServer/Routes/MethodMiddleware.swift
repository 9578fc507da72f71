import API
import HTTPTypes
import Hummingbird

/// Answers 405 with an `Allow` header to an API request with the wrong method.
struct MethodMiddleware: RouterMiddleware {
    func handle(
        _ request: Request, context: ServerContext, next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        // The router also ignores repeated slashes.
        let path = "/" + request.uri.path.split(separator: "/").joined(separator: "/")
        let allowed = Endpoints.routes.filter { $0.path == path }.flatMap { route in
            route.method == .get ? [HTTPRequest.Method.get, .head] : [.post]
        }
        guard !allowed.isEmpty, !allowed.contains(request.method) else { return try await next(request, context) }
        let names = allowed.map(\.rawValue).joined(separator: ", ")
        return try .json(ErrorDocument(error: "use \(names)"), status: .methodNotAllowed, headers: [.allow: names])
    }
}
