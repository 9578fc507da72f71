package import Addresses
import FoundationEssentials

/// What a caller of `/probe` asks for, as it came.
package struct ProbeQuery: Sendable {
    /// Nil where the caller names none.
    package var module: String?
    package var target: String?
    package var hostname: String?
    /// The header `X-Prometheus-Scrape-Timeout-Seconds`.
    package var scrapeTimeout: String?
    /// The address it came from; nil on the control socket.
    package var caller: NetworkAddress?
    /// Whether a proxy brought it: whom it came from is then not known.
    package var isForwarded: Bool

    package static let defaultModule = "http_2xx"

    package init(
        module: String?, target: String?, hostname: String? = nil, scrapeTimeout: String? = nil, caller: NetworkAddress?,
        isForwarded: Bool = false
    ) {
        self.module = module
        self.target = target
        self.hostname = hostname
        self.scrapeTimeout = scrapeTimeout
        self.caller = caller
        self.isForwarded = isForwarded
    }

    /// Whether it comes from this machine for sure.
    var isLocal: Bool { caller.map { $0.isLoopbackSource && !isForwarded } ?? true }
}

/// What a query came to.
package enum ProbeReply: Sendable {
    case ran(OnDemandRun)
    /// No probe was run, and why: an HTTP status and a sentence.
    case refused(status: Int, String)
}

/// One run that somebody asked for by `/probe`.
package struct OnDemandRun: Sendable {
    /// Counts from 1 since the agent started.
    package var id: Int
    package var module: Module
    /// Without a login.
    package var target: String
    /// How long the run might have taken.
    package var timeout: Duration
    package var result: ProbeResult

    package var isSuccess: Bool { result.type == .succeeded }
}

/// How long a run may take, by the module and by how long its caller waits.
package enum ProbeTimeout {
    /// What Prometheus is taken to wait where it does not say.
    private static let defaultWait: Duration = .seconds(120)

    /// A module's own timeout where it is shorter than the caller's patience less `offset`; else that. The offset never takes more than half
    /// of the patience, so that a short one still leaves time to probe.
    package static func rule(module: Duration?, scrape: Duration?, offset: Duration) -> Duration {
        let wait = scrape.flatMap { $0 > .zero ? $0 : nil } ?? defaultWait
        let longest = max(wait - offset, wait / 2)
        guard let module, module > .zero else { return longest }
        return min(module, longest)
    }
}
