import Addresses
import HealthManager
import ProbeFiles
import Probing
import Transfers

/// Reads lists of targets from files and URLs, and resolves names.
final class TargetSources: Sendable {
    private static let fetchDeadline: Duration = .seconds(10)
    private static let lookupDeadline: Duration = .seconds(5)

    private let transfers: Transfers

    init(_ transfers: Transfers) { self.transfers = transfers }

    var world: TargetSourceProvider {
        TargetSourceProvider(
            files: { TargetListFile.matching($0) },
            file: { path, seen throws(ListUnreadable) in try TargetListFile.read(path, unless: seen) },
            url: { url, refresh, network, seen async throws(ListUnreadable) in
                try await self.fetch(url, refresh: refresh, network, unless: seen)
            },
            addresses: { [transfers] name in
                (try? await transfers.resolve(name, until: .now + Self.lookupDeadline)) ?? []
            })
    }

    private func fetch(
        _ text: String, refresh: Duration, _ network: NetworkSettings, unless seen: ListStamp?
    ) async throws(ListUnreadable) -> ListReading {
        let url = EndpointURL(text)
        let trust = TrustedRoots(includesSystem: true, file: network.caFile)
        var request = ExchangeRequest(url: text, deadline: Self.fetchDeadline, trust: trust)
        request.headers = [
            HeaderField("Accept", "application/json"), HeaderField("User-Agent", "agent/\(Version.current)"),
            HeaderField("X-Prometheus-Refresh-Interval-Seconds", "\(refresh.seconds)"),
        ]
        request.bounds.body = TargetList.sizeLimit
        request.redirects = .follow(maximum: 10)
        request.connectTo = network.connectTo
        let report = await transfers.exchange(request)
        if let failure = report.failure { throw ListUnreadable("\(url): \(failure.sentence)") }
        guard let response = report.response, response.status == 200 else {
            throw ListUnreadable("\(url): responded with status \(report.response?.status ?? 0), expected 200")
        }
        let type = response.values(of: "Content-Type").first ?? ""
        guard type.lowercased().split(separator: ";").first == "application/json" else {
            throw ListUnreadable("\(url): responded with content type '\(type)', expected application/json")
        }
        return try TargetListFile.read(json: response.body, from: url.description, unless: seen)
    }
}
