/// A host and a port, as in `mail.fabrikam.com:443` and `[2001:db8::1]:443`.
package struct HostPort: Sendable, Hashable, CustomStringConvertible {
    /// Without brackets. Not validated; empty in `:9717`.
    package var host: String
    package var port: UInt16

    package init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// Nil if the text does not end in a decimal port, or if a host with colons has no brackets.
    package init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let number = text[text.index(after: colon)...]
        guard number.utf8.allSatisfy({ (48...57).contains($0) }), let port = UInt16(number) else { return nil }
        let host = text[..<colon]
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
        guard isBracketed || !host.contains(":") else { return nil }
        self.init(host: String(isBracketed ? host.dropFirst().dropLast() : host), port: port)
    }

    /// With brackets around a host that contains colons.
    package var description: String { "\(host.contains(":") ? "[\(host)]" : host):\(port)" }
}
