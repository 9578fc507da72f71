import Addresses

/// Encodes one ICMP or ICMPv6 echo request and interprets received messages.
struct EchoRequest {
    enum Answer: Equatable {
        case reply
        /// An ICMP error for this request.
        case refused(type: UInt8, code: UInt8)
    }

    let peer: NetworkAddress
    let identifier: UInt16
    let sequence: UInt16
    let payload: [UInt8]

    private var family: NetworkAddress.Family { peer.family }
    private var requestType: UInt8 { family == .v4 ? 8 : 128 }
    private var replyType: UInt8 { family == .v4 ? 0 : 129 }
    /// The protocol number of ICMP in an IP header.
    private var protocolNumber: UInt8 { family == .v4 ? 1 : 58 }

    /// The encoded message. The checksum is only needed for raw IPv4 sockets: the kernel computes those of ICMPv6 and of ping sockets.
    var bytes: [UInt8] {
        var message = [requestType, 0, 0, 0] + numbers + payload
        guard family == .v4 else { return message }
        let sum = Self.checksum(message)
        (message[2], message[3]) = (UInt8(sum >> 8), UInt8(sum & 0xFF))
        return message
    }

    private var numbers: [UInt8] { [UInt8(identifier >> 8), UInt8(identifier & 0xFF), UInt8(sequence >> 8), UInt8(sequence & 0xFF)] }

    /// RFC 1071.
    static func checksum(_ bytes: [UInt8]) -> UInt16 {
        var sum: UInt32 = 0
        for index in stride(from: 0, to: bytes.count, by: 2) {
            sum += UInt32(bytes[index]) << 8 | (index + 1 < bytes.count ? UInt32(bytes[index + 1]) : 0)
            sum = (sum & 0xFFFF) + (sum >> 16)
        }
        return ~UInt16(sum)
    }

    /// What an ICMP message means for this request; nil if it belongs to another request.
    ///
    /// - Parameter knowsIdentifier: false if the kernel has set its own identifier, which it has then already checked.
    func answer(in message: ArraySlice<UInt8>, from sender: NetworkAddress?, knowsIdentifier: Bool) -> Answer? {
        let message = Array(message)
        guard message.count >= 8 else { return nil }
        if message[0] == replyType {
            let isOurs = sender == peer && (knowsIdentifier ? message[4..<8] == numbers[...] : message[6..<8] == numbers[2...])
            return isOurs && message[8...] == payload[...] ? .reply : nil
        }
        let refusals: ClosedRange<UInt8> = family == .v4 ? 3...12 : 1...4
        guard refusals.contains(message[0]), quotes(message[8...]) else { return nil }
        return .refused(type: message[0], code: message[1])
    }

    /// Whether the packet quoted in an ICMP error (IP header and at least eight bytes of ICMP) is this request.
    private func quotes(_ quoted: ArraySlice<UInt8>) -> Bool {
        guard let (header, destination) = Self.header(quoted, family) else { return false }
        let inner = quoted.dropFirst(header)
        guard inner.count >= 8, quoted[quoted.startIndex + (family == .v4 ? 9 : 6)] == protocolNumber, destination == peer.bytes else {
            return false
        }
        return inner.first == requestType && Array(inner.dropFirst(4).prefix(4)) == numbers
    }

    /// The length and destination address of an IP header; nil if the packet is too short.
    private static func header(_ packet: ArraySlice<UInt8>, _ family: NetworkAddress.Family) -> (length: Int, destination: [UInt8])? {
        guard let first = packet.first, packet.count >= (family == .v4 ? 20 : 40) else { return nil }
        let packet = Array(packet)
        return family == .v4 ? (Int(first & 0xF) * 4, Array(packet[16..<20])) : (40, Array(packet[24..<40]))
    }

    /// The ICMP message in a packet from a raw socket; for IPv4, it is preceded by the IP header.
    static func body(ofRaw packet: [UInt8], _ family: NetworkAddress.Family) -> ArraySlice<UInt8> {
        guard family == .v4, let (length, _) = header(packet[...], .v4) else { return packet[...] }
        return packet.dropFirst(length)
    }

    /// Whether the error means that the packet must be fragmented or smaller.
    func isTooBig(_ type: UInt8, _ code: UInt8) -> Bool { family == .v4 ? type == 3 && code == 4 : type == 2 }

    /// The meaning of an ICMP type and code (RFC 792, RFC 4443).
    func words(type: UInt8, code: UInt8) -> String {
        switch (family, type, code) {
        case (.v4, 11, _), (.v6, 3, _): "hop limit exceeded in transit"
        case (.v4, 3, 4), (.v6, 2, _): "packet too big, and fragmentation is not allowed"
        case (.v4, 3, 0), (.v6, 1, 0): "no route to the network"
        case (.v4, 3, 1), (.v6, 1, 3): "host unreachable"
        case (.v4, 3, 9), (.v4, 3, 10), (.v4, 3, 13), (.v6, 1, 1), (.v6, 1, 5), (.v6, 1, 6): "administratively prohibited"
        case (.v4, 3, _), (.v6, 1, _): "destination unreachable (code \(code))"
        default: "ICMP type \(type), code \(code)"
        }
    }
}
