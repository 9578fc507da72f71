import FoundationEssentials
import Glibc
import NIOCore
import NIOSSL

/// What becomes of an accepted connection is decided when it is served: TLS with the right certificate, or the fault that is on.
struct FaultyConnection: Sendable {
    let fault: @Sendable () -> Fault.Connection?
    let identities: ServerIdentities

    /// Adds what comes before HTTP; on the connection's event loop.
    func prepare(_ channel: any Channel) throws {
        let fault = fault()
        let handlers = channel.pipeline.syncOperations
        switch fault {
        case .plainHTTP: break
        case .silent: try handlers.addHandler(Mute())
        case .reset: try handlers.addHandler(Cut())
        default: try handlers.addHandler(NIOSSLServerHandler(context: identities.context(for: fault)))
        }
    }
}

/// Takes all that comes and lets nothing through.
private final class Mute: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {}
}

/// Resets the connection at the first byte that comes.
private final class Cut: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // Lingering for no time at all turns the close into a reset.
        let channel = context.channel
        let lingering = (channel as? any SocketOptionProvider)?.setSoLinger(linger(l_onoff: 1, l_linger: 0))
        (lingering ?? context.eventLoop.makeSucceededVoidFuture()).whenComplete { _ in channel.close(promise: nil) }
    }
}

/// The TLS identities of one server: the right one, and those of its faults.
struct ServerIdentities: Sendable {
    private let healthy: NIOSSLContext
    private let expiresSoon: NIOSSLContext
    private let expired: NIOSSLContext
    private let notYetValid: NIOSSLContext
    private let untrusted: NIOSSLContext
    private let wrongName: NIOSSLContext

    init(names: [String], authority: LabAuthority, stranger: LabAuthority, now: Date) throws {
        let day: TimeInterval = 86400
        healthy = try authority.identity(names: names, notBefore: now - day, notAfter: now + 90 * day)
        expiresSoon = try authority.identity(names: names, notBefore: now - 80 * day, notAfter: now + 10 * day)
        expired = try authority.identity(names: names, notBefore: now - 90 * day, notAfter: now - day)
        notYetValid = try authority.identity(names: names, notBefore: now + day, notAfter: now + 90 * day)
        untrusted = try stranger.identity(names: names, notBefore: now - day, notAfter: now + 90 * day)
        wrongName = try authority.identity(names: ["elsewhere.example"], notBefore: now - day, notAfter: now + 90 * day)
    }

    func context(for fault: Fault.Connection?) -> NIOSSLContext {
        switch fault {
        case .expiresSoon: expiresSoon
        case .expired: expired
        case .notYetValid: notYetValid
        case .untrusted: untrusted
        case .wrongName: wrongName
        default: healthy
        }
    }
}
