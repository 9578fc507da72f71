import Addresses
import HTTPTypes
import Hummingbird
import NIOCore

/// Asks the door before anything else happens.
struct DoorMiddleware: RouterMiddleware {
    let door: Door
    private static let fetchSite = HTTPField.Name("Sec-Fetch-Site")

    func handle(
        _ request: Request, context: ServerContext, next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        switch door.verdict(caller(request, context)) {
        case .open: return try await next(request, context)
        case .closed(let sentence): return .plain(.forbidden, sentence + "\n")
        }
    }

    private func caller(_ request: Request, _ context: ServerContext) -> Door.Caller {
        let headers = request.headers
        return Door.Caller(
            method: request.method.rawValue, route: context.endpointPath, host: request.head.authority ?? "",
            origin: headers[.origin], fetchSite: Self.fetchSite.flatMap { headers[$0] },
            isForwarded: ProxyTrace.isLeft(in: headers), isLoopback: context.isLoopback)
    }
}

/// What the server knows of the connection a request came by.
struct ServerContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// The other end; nil on a Unix socket.
    let address: NetworkAddress?
    var isLoopback: Bool { address?.isLoopbackSource ?? false }

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        address = source.channel.remoteAddress?.ipAddress.flatMap { NetworkAddress($0) }
    }

    /// Bodies are short documents; more is refused.
    var maxUploadSize: Int { 1 << 20 }
}
