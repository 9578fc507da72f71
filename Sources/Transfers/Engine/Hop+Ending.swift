import Addresses

extension Hop {
    /// Where the connection goes.
    enum Target: Sendable {
        case endpoint(Endpoint)
        /// Through a proxy, which is told the address or, where there is none, looks the name up itself.
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
        /// Where the answer sends us, absolute.
        var redirect: String?
        /// In libcurl's own lines.
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
