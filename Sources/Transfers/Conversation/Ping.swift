package import Addresses
import CLinux
import Glibc

/// The parameters of a ping.
package struct PingSettings: Sendable, Hashable {
    /// Bytes of payload after the eight bytes of the ICMP header.
    package var payloadSize = 28
    /// TTL or hop limit; nil means the system's default.
    package var hopLimit: Int?
    /// Whether to set the don't-fragment flag; this machine then does not fragment the packet either.
    package var forbidsFragments = false
    package var source: NetworkAddress?

    package init() {}
}

/// Sends one echo request and waits for its reply, through a ping socket or, if those are not allowed, a raw socket.
package final class Ping: Sendable {
    private let datagrams: Datagrams
    private let request: EchoRequest
    /// Whether the socket is raw and receives all ICMP messages. For a ping socket, the kernel sets the identifier and filters replies.
    private let isRaw: Bool
    private let forbidsFragments: Bool

    init(
        _ address: NetworkAddress, _ settings: PingSettings, loop: SocketLoop, until deadline: ContinuousClock.Instant
    ) throws(ExchangeFailure) {
        forbidsFragments = settings.forbidsFragments
        // Random, so that replies to other requests are not mistaken for this one's.
        let payload = (0..<settings.payloadSize).map { $0 < 16 ? UInt8.random(in: 0...255) : 0 }
        request = EchoRequest(
            peer: address, identifier: .random(in: 0...UInt16.max), sequence: .random(in: 0...UInt16.max), payload: payload)
        do throws(ExchangeFailure) {
            datagrams = try Self.open(address, settings, isRaw: false, loop, deadline)
            isRaw = false
        } catch {
            if error.kind == .localResources { throw error }
            datagrams = try Self.open(address, settings, isRaw: true, loop, deadline)
            isRaw = true
        }
    }

    private static func open(
        _ address: NetworkAddress, _ settings: PingSettings, isRaw: Bool, _ loop: SocketLoop, _ deadline: ContinuousClock.Instant
    ) throws(ExchangeFailure) -> Datagrams {
        let isFour: Int32 = address.family == .v4 ? 1 : 0
        do throws(ExchangeFailure) {
            return try Datagrams(
                to: Endpoint(address, port: 0), from: settings.source, type: Int32((isRaw ? SOCK_RAW : SOCK_DGRAM).rawValue),
                protocol: Int32(isFour == 1 ? IPPROTO_ICMP : IPPROTO_ICMPV6), isConnected: !isRaw, loop: loop, until: deadline
            ) { socket in
                _ = agent_tell_hop_limit(socket, isFour)
                // A raw socket would also report errors of other pings: there, errors are read from the received messages.
                _ = isRaw ? agent_filter_pings(socket, isFour) : agent_tell_errors(socket, isFour)
                if let limit = settings.hopLimit { _ = agent_set_hop_limit(socket, isFour, Int32(limit)) }
                _ = settings.forbidsFragments ? agent_forbid_fragments(socket, isFour) : agent_allow_fragments(socket, isFour)
            }
        } catch {
            guard isRaw, error.detail == systemError(EPERM) else { throw error }
            throw ExchangeFailure(
                kind: .notPermitted, phase: .connect,
                sentence:
                    "the agent may open neither a ping socket (its group is not in the range of sysctl net.ipv4.ping_group_range) nor a raw socket (it lacks CAP_NET_RAW)",
                detail: error.detail)
        }
    }

    /// Sends the echo request.
    package func send() throws(ExchangeFailure) {
        do throws(ExchangeFailure) { try datagrams.send(request.bytes) } catch {
            throw error.kind == .localResources ? error : unreachable(error.detail)
        }
    }

    /// Waits for the reply.
    /// - Returns: its TTL or hop limit; nil if the system does not report it.
    /// - Throws: `unreachable` for an ICMP error, `timeout` without a reply.
    package func reply() async throws(ExchangeFailure) -> Int? {
        // A router with a smaller MTU reports it once; the system then fragments the next packet.
        var mayRepeat = !forbidsFragments
        while true {
            let message: Message
            do throws(ExchangeFailure) { message = try await datagrams.receive(Message.init) } catch {
                switch error.kind {
                case .cancelled, .localResources: throw error
                case .timeout:
                    throw ExchangeFailure(
                        kind: .timeout, phase: .processing, sentence: "no echo reply from \(request.peer) in time")
                case _ where mayRepeat && error.detail == systemError(EMSGSIZE):
                    mayRepeat = false
                    try send()
                    continue
                default: throw unreachable(error.detail)
                }
            }
            let body = isRaw ? EchoRequest.body(ofRaw: message.bytes, request.peer.family) : message.bytes[...]
            switch request.answer(in: body, from: message.sender, knowsIdentifier: isRaw) {
            case .reply: return message.hopLimit
            case .refused(let type, let code) where mayRepeat && request.isTooBig(type, code):
                mayRepeat = false
                try send()
            case .refused(let type, let code):
                throw unreachable("\(message.sender?.description ?? "a router"): \(request.words(type: type, code: code))")
            case nil: continue
            }
        }
    }

    private func unreachable(_ detail: String) -> ExchangeFailure {
        ExchangeFailure(
            kind: .unreachable, phase: .processing,
            sentence: "the echo request (\(request.payload.count + 8) bytes) did not reach \(request.peer): \(detail)", detail: detail)
    }

    private struct Message {
        var bytes: [UInt8]
        var sender: NetworkAddress?
        var hopLimit: Int?

        init?(_ socket: Int32) {
            var sender = [UInt8](repeating: 0, count: 16)
            var senderCount: Int32 = 0
            var hopLimit: Int32 = -1
            var count = 0
            bytes = [UInt8](unsafeUninitializedCapacity: 64 << 10) { buffer, filled in
                count = agent_receive_from(socket, buffer.baseAddress, buffer.count, &sender, &senderCount, &hopLimit)
                filled = max(0, count)
            }
            guard count >= 0 else { return nil }
            self.sender = NetworkAddress(bytes: Array(sender.prefix(Int(senderCount))))
            self.hopLimit = hopLimit < 0 ? nil : Int(hopLimit)
        }
    }
}
