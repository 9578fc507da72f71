package import Addresses
package import Probing

/// A request to `/probe`, not yet validated.
package struct ProbeQuery: Sendable {
    /// Nil if the request names none; that of the plan is then used.
    package var module: String?
    package var target: String?
    package var hostname: String?
    /// The value of the header `X-Prometheus-Scrape-Timeout-Seconds`.
    package var scrapeTimeout: String?
    /// The client's address; nil on the control socket.
    package var caller: NetworkAddress?
    /// Whether a proxy forwarded it, so that the origin is unknown.
    package var isForwarded: Bool
    /// Whether a user has logged in, who may probe from anywhere.
    package var isUser: Bool

    package init(
        module: String?, target: String?, hostname: String? = nil, scrapeTimeout: String? = nil, caller: NetworkAddress?,
        isForwarded: Bool = false, isUser: Bool = false
    ) {
        self.module = module
        self.target = target
        self.hostname = hostname
        self.scrapeTimeout = scrapeTimeout
        self.caller = caller
        self.isForwarded = isForwarded
        self.isUser = isUser
    }

    /// Whether it certainly comes from this machine.
    var isLocal: Bool { caller.map { $0.isLoopbackSource && !isForwarded } ?? true }
}

/// The result of a `/probe` request.
package enum ProbeReply: Sendable {
    case ran(OnDemandRun)
    /// No probe was run: the HTTP status, and a sentence that says why.
    case refused(status: Int, String)
}

/// Determines the timeout of a run from the module and the scrape timeout.
package enum ProbeTimeout {
    /// The scrape timeout assumed if the request has none.
    private static let defaultWait: Duration = .seconds(120)

    /// The module's timeout, or the scrape timeout minus `offset`, whichever is less. At most half of the scrape timeout is subtracted, so
    /// that a short one still leaves time to probe.
    package static func rule(module: Duration?, scrape: Duration?, offset: Duration) -> Duration {
        let wait = scrape.flatMap { $0 > .zero ? $0 : nil } ?? defaultWait
        let longest = max(wait - offset, wait / 2)
        guard let module, module > .zero else { return longest }
        return min(module, longest)
    }
}
