import Addresses
import HTTPTypes
import Hummingbird
import NIOCore

/// Applies the `RequestGuard` before any other handler.
struct RequestGuardMiddleware: RouterMiddleware {
    let requestGuard: RequestGuard
    private static let fetchSite = HTTPField.Name("Sec-Fetch-Site")

    func handle(
        _ request: Request, context: ServerContext, next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        switch requestGuard.verdict(caller(request, context)) {
        case .allow: return try await next(request, context)
        case .deny(let sentence): return .plain(.forbidden, sentence + "\n")
        }
    }

    private func caller(_ request: Request, _ context: ServerContext) -> RequestGuard.Caller {
        let headers = request.headers
        return RequestGuard.Caller(
            method: request.method.rawValue, route: context.endpointPath, host: request.head.authority ?? "",
            origin: headers[.origin], fetchSite: Self.fetchSite.flatMap { headers[$0] },
            isForwarded: ProxyTrace.isLeft(in: headers), isLoopback: context.isLoopback, isUser: context.user != nil)
    }
}

/// The request context: adds the peer address of the connection.
struct ServerContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// The peer address; nil on a Unix socket.
    let address: NetworkAddress?
    /// The connection.
    let channel: any Channel
    /// The user of the web configuration who has logged in; nil if none has.
    var user: String?
    var isLoopback: Bool { address?.isLoopbackSource ?? false }

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        channel = source.channel
        address = source.channel.remoteAddress.flatMap { NetworkAddress($0) }
    }

    /// In bytes; request bodies are short documents.
    var maxUploadSize: Int { 1 << 20 }
}

extension NetworkAddress {
    /// Nil for a Unix socket.
    fileprivate init?(_ address: SocketAddress) {
        // Where `sockaddr_in` and `sockaddr_in6` have it.
        let place =
            switch address {
            case .v4: 4..<8
            case .v6: 8..<24
            case .unixDomainSocket: 0..<0
            }
        self.init(bytes: address.withSockAddr { Array(UnsafeRawBufferPointer(start: $0, count: $1)[place]) })
    }
}
