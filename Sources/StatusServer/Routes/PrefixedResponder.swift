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
        let rest = path.hasPrefix(prefix) ? String(path.dropFirst(prefix.count)) : nil
        guard let rest, rest.hasPrefix("/") else {
            let isRoot = path == "/" || rest?.isEmpty ?? false
            return isRoot ? Response(status: .found, headers: [.location: prefix + "/"]) : .plain(.notFound, "not found\n")
        }
        var head = request.head
        head.path = rest
        return try await inner.respond(to: Request(head: head, body: request.body), context: context)
    }
}
