import Monitoring

/// Decides whether a request is allowed, from its method, route, headers, source and listener only.
struct RequestGuard: Sendable {
    enum Listener: Sendable { case network, controlSocket }

    /// The properties of a request that the decision depends on.
    struct Caller: Sendable {
        var method: String
        /// The path of the matching route, as registered rather than as requested; nil if none matches.
        var route: String?
        /// The `Host` header, or HTTP/2's authority.
        var host: String
        var origin: String?
        var fetchSite: String?
        /// Whether the request has a header that proxies add.
        var isForwarded = false
        /// Whether the peer address is a loopback address.
        var isLoopback = true
        /// Whether a user of the web configuration has logged in.
        var isUser = false
    }

    enum Verdict: Sendable, Equatable {
        case allow
        /// Answer 403 with this sentence.
        case deny(String)
    }

    private static let freeOfHost: Set<String> = ["/metrics", "/-/healthy", "/-/ready"]
    private static let openToLoopback: Set<String> = ["/-/reload", "/-/restart"]

    let listener: Listener
    /// Accepted `Host` names in lower case: the machine's own and those configured.
    let hostNames: Set<String>
    /// Whether a proxy on this machine forwards requests: a loopback peer address then does not mean a local client.
    var isBehindProxy = false
    /// Whether it is reached by HTTPS.
    var isSecure = false
    /// The origin of the pages that a proxy serves, which may be reached by HTTPS where the agent is not; nil if there is none.
    var externalOrigin: String?

    func verdict(_ caller: Caller) -> Verdict {
        if listener == .controlSocket { return .allow }
        // A probe changes nothing here, but connects to a target of the caller's choice.
        let isProbe = caller.route == "/probe"
        let changes = isProbe || !["GET", "HEAD"].contains(caller.method)
        if !Self.freeOfHost.contains(caller.route ?? ""), !serves(caller.host) {
            return .deny("unrecognised Host header '\(caller.host.prefix(100))': add the name to 'hostNames' in agent.yaml")
        }
        guard changes else { return .allow }
        if let site = caller.fetchSite, !["same-origin", "none"].contains(site.lowercased()) {
            return .deny("cross-site request denied")
        }
        if let origin = caller.origin?.lowercased() {
            let isOwn = origin == "\(isSecure ? "https" : "http")://\(caller.host.lowercased())"
            guard isOwn || caller.isUser && origin == externalOrigin else {
                return .deny("cross-origin request denied: if this page is the agent's own behind a proxy, set 'externalURL' in agent.yaml")
            }
        }
        // Access to probes is decided later, by `probe.allowFrom` and the target lists of the configuration.
        if isProbe || caller.isUser { return .allow }
        guard Self.openToLoopback.contains(caller.route ?? "") else {
            return .deny("this request requires the control socket or a user: use the agent's command line, or log in (webConfigFile)")
        }
        guard caller.isLoopback, !caller.isForwarded, !isBehindProxy else { return .deny("this request is allowed from this machine only") }
        return .allow
    }

    private func serves(_ host: String) -> Bool {
        let name = Self.name(of: host.lowercased())
        return hostNames.contains(DaemonSettings.anyHostName) || name == "localhost" || Self.isAddress(name) || hostNames.contains(name)
    }

    private static func name(of host: String) -> String {
        if host.hasPrefix("["), let end = host.firstIndex(of: "]") { return String(host[host.index(after: host.startIndex)..<end]) }
        return String(host.split(separator: ":", omittingEmptySubsequences: false).first ?? "")
    }

    private static func isAddress(_ name: String) -> Bool {
        if name.contains(":") { return name.allSatisfy { $0.isHexDigit || $0 == ":" || $0 == "." } }
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts.allSatisfy { UInt8($0) != nil }
    }
}

extension DaemonSettings {
    /// What a browser calls the origin of a page at `externalURL`: `https://monitor.fabrikam.com`; nil if that is not set.
    var externalOrigin: String? {
        guard let parts = externalURL?.lowercased().split(separator: "/", omittingEmptySubsequences: false), parts.count > 2 else {
            return nil
        }
        // A browser leaves out the port that a scheme has by itself.
        let ownPort = parts[0] == "https:" ? ":443" : ":80"
        return "\(parts[0])//" + (parts[2].hasSuffix(ownPort) ? parts[2].dropLast(ownPort.count) : parts[2])
    }
}
