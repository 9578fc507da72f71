import Addresses

extension Hop {
    /// What the hop connects to.
    enum Target: Sendable {
        case endpoint(Endpoint)
        /// A proxy, which connects to the address or, if it is nil, resolves the name itself.
        case proxy(ProxyRoute, to: Endpoint?)
        case unixSocket(String)

        var endpoint: Endpoint? {
            switch self {
            case .endpoint(let endpoint): endpoint
            case .proxy(_, let endpoint): endpoint
            case .unixSocket: nil
            }
        }
    }

    struct Ending: Sendable {
        var report: ExchangeReport
        /// The absolute URL of the redirect; nil if the response is not a redirect.
        var redirect: String?
        /// In libcurl's cookie format.
        var cookies: [String] = []

        init(report: ExchangeReport, redirect: String? = nil) {
            self.report = report
            self.redirect = redirect
        }

        init(failure: ExchangeFailure) {
            report = ExchangeReport()
            report.failure = failure
        }

        static func failed(_ kind: ExchangeFailure.Kind, _ phase: ExchangePhase, _ sentence: String) -> Ending {
            Ending(failure: ExchangeFailure(kind: kind, phase: phase, sentence: sentence))
        }
    }
}
