/// Who may come in, by which way, for what. A pure rule over what a request says of itself.
struct Door: Sendable {
    enum Listener: Sendable { case network, controlSocket }

    /// What a request says of itself.
    struct Caller: Sendable {
        var method: String
        /// The path of the route that answers, however the caller spelled it; nil where none does.
        var route: String?
        /// The `Host` header, or HTTP/2's authority.
        var host: String
        var origin: String?
        var fetchSite: String?
        /// Whether a proxy has left a trace.
        var isForwarded = false
        /// Whether the other end is on this machine.
        var isLoopback = true
    }

    enum Verdict: Sendable, Equatable {
        case open
        /// 403 with that sentence.
        case closed(String)
    }

    private static let freeOfHost: Set<String> = ["/metrics", "/-/healthy", "/-/ready"]
    private static let openToLoopback: Set<String> = ["/-/reload", "/-/restart"]

    let listener: Listener
    /// In lower case: the machine's own name, and those configured.
    let hostNames: Set<String>
    /// Whether a proxy on this machine brings requests of others: being on this machine then says nothing.
    var isBehindProxy = false

    func verdict(_ caller: Caller) -> Verdict {
        if listener == .controlSocket { return .open }
        // A probe changes nothing here, but goes out to wherever the caller says.
        let isProbe = caller.route == "/probe"
        let changes = isProbe || !["GET", "HEAD"].contains(caller.method)
        if !Self.freeOfHost.contains(caller.route ?? ""), !serves(caller.host) {
            return .closed("this agent is not served under the name '\(caller.host.prefix(100))': add it to 'hostNames' in agent.yaml")
        }
        guard changes else { return .open }
        if let site = caller.fetchSite, !["same-origin", "none"].contains(site.lowercased()) {
            return .closed("a page of another site asked for this")
        }
        if let origin = caller.origin, origin.lowercased() != "http://\(caller.host.lowercased())" {
            return .closed("a page of another origin asked for this")
        }
        // Who may ask for probes, and of what, the configuration says: `probe.allowFrom`.
        if isProbe { return .open }
        guard Self.openToLoopback.contains(caller.route ?? "") else {
            return .closed("this needs the control socket: use the agent's command line")
        }
        guard caller.isLoopback, !caller.isForwarded, !isBehindProxy else { return .closed("this is open to this machine alone") }
        return .open
    }

    private func serves(_ host: String) -> Bool {
        let name = Self.name(of: host.lowercased())
        return name == "localhost" || Self.isAddress(name) || hostNames.contains(name)
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
