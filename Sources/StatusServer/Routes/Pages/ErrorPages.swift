import API
import HTTPTypes
import HealthManager
import Hummingbird

/// Answers errors as pages where a browser asks. Programs get the same as text, or as JSON from the API.
struct ErrorPages: RouterMiddleware {
    let pages: PageRoutes

    /// What programs ask for, whoever else does.
    private static let plain = ["/api/", "/metrics", "/probe?", "/logs", "/config", "/sd"]

    func handle(
        _ request: Request, context: ServerContext, next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        let path = request.head.path ?? "/"
        guard Negotiation.isBrowser(request.headers[.accept]), !Self.plain.contains(where: path.hasPrefix) else {
            do { return try await next(request, context) } catch let error as any HTTPResponseError where error.status == .notFound {
                return path.hasPrefix("/api/")
                    ? try .json(ErrorDocument(error: "there is no such endpoint; /api/v1/openapi.json lists them"), status: .notFound)
                    : .plain(.notFound, "there is no such page\n")
            }
        }
        var response: Response
        do { response = try await next(request, context) } catch let error as any HTTPResponseError {
            response = try error.response(from: request, context: context)
            let text = response.status == .notFound ? "there is no such page" : response.status.reasonPhrase.lowercased()
            return await page(response, text, request)
        }
        // Whom the guard refuses is told no more than why.
        guard response.status.code >= 400, response.status != .forbidden, response.headers[.contentType]?.hasPrefix("text/plain") == true
        else { return response }
        return await page(response, String(decoding: await response.collected(), as: UTF8.self), request)
    }

    private func page(_ response: Response, _ text: String, _ request: Request) async -> Response {
        let depth = (request.head.path ?? "/").prefix { $0 != "?" }.count { $0 == "/" }
        let lines = text.split(separator: "\n").map { ProbeWords.sentence(String($0)) }
        let page = MessagePage(
            "\(response.status.code) \(response.status.reasonPhrase)", lines, depth: depth,
            snapshot: await pages.health.snapshot(withProbes: false), build: pages.build)
        var answer = Response.html(pages.templates.render(page, "message"), status: response.status, varies: true)
        for name in [HTTPField.Name.allow, .wwwAuthenticate, .retryAfter] { answer.headers[name] = response.headers[name] }
        return answer
    }
}
