import Glibc

/// An IPv4 or IPv6 address.
package struct NetworkAddress: Sendable, Hashable, CustomStringConvertible {
    /// The raw value is the IP version.
    package enum Family: Int, Sendable, Hashable {
        case v4 = 4
        case v6 = 6
    }

    /// 4 or 16 bytes in network byte order.
    package let bytes: [UInt8]

    /// - Returns: nil unless there are 4 or 16 bytes.
    package init?(bytes: [UInt8]) {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        self.bytes = bytes
    }

    /// Parses `192.0.2.1`, `2001:db8::1`, also in brackets, and every IPv4 notation that the C library accepts: decimal, octal and
    /// hexadecimal, in one to four parts. Nil for anything else.
    package init?(_ text: String) {
        let bare = text.hasPrefix("[") && text.hasSuffix("]") ? String(text.dropFirst().dropLast()) : text
        var six = [UInt8](repeating: 0, count: 16)
        if bare.contains(":") {
            guard inet_pton(AF_INET6, bare, &six) == 1 else { return nil }
            bytes = six
            return
        }
        var four = in_addr()
        guard bare.first?.isNumber ?? false, inet_aton(bare, &four) == 1 else { return nil }
        bytes = withUnsafeBytes(of: four.s_addr) { Array($0) }
    }

    package var family: Family { bytes.count == 4 ? .v4 : .v6 }

    /// The IPv4 address embedded in an IPv6 one (`::ffff:192.0.2.1`, `::192.0.2.1`, `64:ff9b::192.0.2.1`, `2002:c000:201::`), else `self`.
    package var unwrapped: NetworkAddress {
        guard family == .v6 else { return self }
        let carriers: [(prefix: [UInt8], at: Int)] = [
            ([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF], 12), ([0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0, 0], 12),
            ([0, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0], 12), ([0x20, 0x02], 2),
        ]
        for (prefix, at) in carriers where bytes.starts(with: prefix) {
            return NetworkAddress(bytes: Array(bytes[at..<(at + 4)])) ?? self
        }
        // `::` and `::1` are ordinary addresses, the rest of ::/96 embeds IPv4.
        if bytes.starts(with: [UInt8](repeating: 0, count: 12)), bytes[12..<15].contains(where: { $0 != 0 }) {
            return NetworkAddress(bytes: Array(bytes[12...])) ?? self
        }
        return self
    }

    /// Whether it is `0.0.0.0` or `::`, for which the system connects to loopback; also if embedded in IPv6.
    var isUnspecified: Bool { unwrapped.bytes.allSatisfy { $0 == 0 } }

    static let loopback = ["127.0.0.1", "::1"].compactMap { NetworkAddress($0) }

    /// Whether it is a loopback address (127/8, `::1`) or unspecified, which the system treats as loopback; also if embedded in IPv6.
    package var isLoopback: Bool {
        let address = unwrapped
        if address.family == .v4 { return address.bytes[0] == 127 || address.bytes.allSatisfy { $0 == 0 } }
        return address.bytes.dropLast().allSatisfy { $0 == 0 } && address.bytes[15] <= 1
    }

    /// Whether a connection from this source address certainly comes from this machine: 127/8, also IPv4-mapped, and `::1`. Other embedded
    /// IPv4 addresses can come from anywhere.
    package var isLoopbackSource: Bool { isLoopback && (family == .v4 || bytes.starts(with: [UInt8](repeating: 0, count: 10))) }

    package var description: String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        inet_ntop(family == .v4 ? AF_INET : AF_INET6, bytes, &text, socklen_t(text.count))
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// The form used in URLs and `host:port`: IPv6 in brackets.
    package var bracketed: String { family == .v4 ? description : "[\(description)]" }
}

/// An address and a port.
package struct Endpoint: Sendable, Hashable, CustomStringConvertible {
    package var address: NetworkAddress
    package var port: UInt16

    package init(_ address: NetworkAddress, port: UInt16) {
        self.address = address
        self.port = port
    }

    package var description: String { "\(address.bracketed):\(port)" }
}
