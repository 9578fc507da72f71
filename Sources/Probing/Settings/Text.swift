import Addresses

/// Syntax checks for host names, addresses and URLs.
package enum Text {
    /// Maximum length in bytes of a path in `sockaddr_un`, without the terminating NUL.
    package static let socketPathLimit = 107

    /// Whether the text consists of 1 to 253 letters, digits and `-._` only, without empty labels; it may end with a dot.
    package static func isHostName(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 253 && !text.hasPrefix(".") && !text.contains("..")
            && text.utf8.allSatisfy { byte in
                (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || "-._".utf8.contains(byte)
            }
    }

    package static func isHostAndPort(_ text: String, allowPortZero: Bool = false) -> Bool {
        guard let written = HostPort(text), allowPortZero || written.port > 0 else { return false }
        guard text.hasPrefix("[") else { return isHostName(written.host) }
        return !written.host.isEmpty && written.host.allSatisfy { $0.isHexDigit || ":.%".contains($0) }
    }

    /// What is wrong with an address to listen on, as the rest of a sentence; nil for `address:port`, `:port` and `*:port` (all addresses), and
    /// `unix:/path`.
    package static func listenProblem(_ text: String) -> String? {
        if text.hasPrefix("unix:") {
            let path = text.dropFirst("unix:".count)
            if path.hasPrefix("/"), path.utf8.count <= socketPathLimit { return nil }
            return "must be unix: and an absolute path of at most \(socketPathLimit) bytes, found '\(text)'"
        }
        let isEvery = text.hasPrefix(":") || text.hasPrefix("*:")
        if isHostAndPort(isEvery ? "every" + text.drop { $0 == "*" } : text, allowPortZero: true) { return nil }
        return "must be address:port, found '\(EndpointURL(text))'"
    }

    /// What is wrong with the URL by which people reach the agent; nil for an http or https URL with a path at most.
    package static func externalURLProblem(_ text: String) -> String? {
        let scheme = ["https://", "http://"].first { text.lowercased().hasPrefix($0) }
        guard let scheme, TargetSyntax.problem(text) == nil, !text.contains(where: { $0.isWhitespace || "?#@\"<>".contains($0) }) else {
            return "must be a URL such as https://monitor.fabrikam.com/agent, found '\(EndpointURL(text))'"
        }
        let authority = String(text.dropFirst(scheme.count).prefix { $0 != "/" })
        return isHostName(authority) || isHostAndPort(authority) ? nil : "must name a host, found '\(EndpointURL(text))'"
    }

    /// Whether the text is an https URL with a valid host, optional port, and no credentials or whitespace.
    package static func isHTTPS(_ text: String) -> Bool {
        guard text.lowercased().hasPrefix("https://"), TargetSyntax.problem(text) == nil, !text.contains(where: \.isWhitespace) else {
            return false
        }
        let authority = text.dropFirst("https://".count).prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        return isHostName(String(authority)) || isHostAndPort(String(authority))
    }
}
