import HTTPTypes
import Hummingbird

/// Serves all paths below a prefix, as behind a reverse proxy that does not remove it. Without it, only the root leads there.
struct PrefixedResponder<Inner: HTTPResponder>: HTTPResponder {
    /// Such as `/agent`; empty for none.
    let prefix: String
    let inner: Inner

    func respond(to request: Request, context: Inner.Context) async throws -> Response {
        guard !prefix.isEmpty else { return try await inner.respond(to: request, context: context) }
        let path = request.head.path ?? "/"
        var head = request.head
        if path.hasPrefix(prefix + "/") {
            head.path = String(path.dropFirst(prefix.count))
        } else if ["/", prefix].contains(String(path.prefix { $0 != "?" })) {
            return Response(status: .found, headers: [.location: prefix + "/"])
        } else {
            // No route has this path, and it is answered like any other that none has.
            head.path = "/-/outside-the-prefix"
        }
        return try await inner.respond(to: Request(head: head, body: request.body), context: context)
    }
}
