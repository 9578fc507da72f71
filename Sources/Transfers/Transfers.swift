import CCurl
import FoundationEssentials

/// All outgoing traffic: one verb, `exchange`. A fresh connection and a full handshake each time; it never throws.
package final class Transfers: Sendable {
    private let engine = Engine()

    package init() {}

    deinit { engine.close() }

    /// Makes one exchange, redirects included, within the request's deadline.
    ///
    /// Cancelling the calling task closes the connection at once; the report then says `cancelled`.
    package func exchange(_ request: ExchangeRequest) async -> ExchangeReport {
        let clock = ContinuousClock()
        let end = clock.now.advanced(by: request.deadline)
        var url = request.url
        var whole = ExchangeReport()
        while true {
            let left = max(.milliseconds(1), clock.now.duration(to: end))
            let (report, redirect) = await hop(request, url: url, timeout: left)
            whole.add(report)
            guard report.failure == nil, let redirect, let limit = Self.limit(request.redirects, from: url, to: redirect) else {
                return whole
            }
            guard whole.redirects < limit else {
                whole.failure = ExchangeFailure(kind: .tooManyRedirects, phase: .transfer, sentence: "redirected more than \(limit) times")
                return whole
            }
            whole.redirects += 1
            url = redirect
        }
    }

    private func hop(_ request: ExchangeRequest, url: String, timeout: Duration) async -> (ExchangeReport, String?) {
        let (results, result) = AsyncStream.makeStream(of: (ExchangeReport, String?).self)
        guard
            let hop = Hop(
                request, url: url, timeout: timeout,
                completion: { report, redirect in
                    result.yield((report, redirect))
                    result.finish()
                })
        else {
            var report = ExchangeReport()
            report.failure = ExchangeFailure(kind: .invalidRequest, phase: .resolve, sentence: "the URL cannot be used")
            return (report, nil)
        }
        engine.submit(hop)
        for await result in results { return result }
        // The stream ended without a result: the calling task was cancelled.
        engine.cancel(hop)
        var report = ExchangeReport()
        report.failure = ExchangeFailure(kind: .cancelled, phase: .connect, sentence: "cancelled")
        return (report, nil)
    }

    /// How many redirects may be followed from one URL to another; nil when this one may not.
    private static func limit(_ policy: ExchangeRequest.RedirectPolicy, from: String, to: String) -> Int? {
        switch policy {
        case .refuse: return nil
        case .follow(let maximum): return maximum
        case .sameHost(let maximum):
            let isSameScheme = from.lowercased().hasPrefix("https:") == to.lowercased().hasPrefix("https:")
            guard isSameScheme, let source = URLHost(from), source.withPort == URLHost(to)?.withPort else { return nil }
            return maximum
        }
    }
}

extension ExchangeReport {
    /// Takes over a further hop: its answer and peer replace the earlier ones, its times are added.
    fileprivate mutating func add(_ hop: ExchangeReport) {
        let redirects = self.redirects
        let phases = self.phases.merging(hop.phases) { $0 + $1 }
        self = hop
        self.redirects = redirects
        self.phases = phases
    }
}
