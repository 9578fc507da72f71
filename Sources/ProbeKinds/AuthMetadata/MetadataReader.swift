import FoundationEssentials
import Outbound
import Probing
import Transfers

/// Fetches auth metadata documents for one probe.
struct MetadataReader: Sendable {
    static let serverPath = "/autodiscover/metadata/json/1"

    let path: NetworkPath
    let documents: DocumentCache
    var serverPath = Self.serverPath

    /// A document requested after the start of this call; the response to an earlier request is not accepted.
    func fresh(_ publisher: MetadataSighting.Publisher, _ context: RunContext) async -> MetadataSighting {
        await read(publisher, notBefore: context.time.elapsed, context)
    }

    /// The cached document if it was requested at most `age` ago, otherwise a new one.
    func recent(_ publisher: MetadataSighting.Publisher, within age: Duration, _ context: RunContext) async -> MetadataSighting {
        await read(publisher, notBefore: context.time.elapsed - age, context)
    }

    private func read(
        _ publisher: MetadataSighting.Publisher, notBefore: Duration, _ context: RunContext
    ) async -> MetadataSighting {
        let fetch: @Sendable (Duration) async -> MetadataSighting = { left in
            let began = context.time.elapsed
            var request = request(for: publisher, context)
            request.deadline = left
            let report = await path.transfers.exchange(request)
            return MetadataSighting(report, from: publisher, at: began)
        }
        // The result of a rehearsal, with another date or other options, must not be shared.
        if context.isRehearsal { return await fetch(context.deadline) }
        return await documents.sighting(
            of: publisher, notBefore: notBefore, within: context.deadline, context.time, fetch: fetch)
    }

    private func request(for publisher: MetadataSighting.Publisher, _ context: RunContext) -> ExchangeRequest {
        var request: ExchangeRequest
        switch publisher {
        case .server(let server): request = path.request(to: server, path: serverPath, context)
        case .authServer(let url): request = path.request(toCloud: url, context)
        }
        request.headers.append(HeaderField("Accept", "application/json"))
        request.redirects = .sameHost(maximum: 5)
        return request
    }
}
