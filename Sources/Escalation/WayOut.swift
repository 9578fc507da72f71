import Documents
import HealthManager
import Synchronization
package import Transfers

/// How those who are told of trouble are reached: what all requests of this room share.
package final class WayOut: Sendable {
    private struct State {
        var network = NetworkSettings()
        /// The store of the network's own roots, by the content of their file.
        var trust: (roots: [UInt8], store: TrustStore)?
    }

    private let transfers: Transfers
    private let userAgent: String
    private let state = Mutex(State())

    package init(_ transfers: Transfers, userAgent: String) {
        self.transfers = transfers
        self.userAgent = userAgent
    }

    func use(_ network: NetworkSettings) { state.withLock { $0.network = network } }

    /// POSTs JSON. No redirect is followed: the request may bear a credential.
    func post(
        _ body: [UInt8], to url: String, headers: [HeaderField] = [], throughProxy: Bool, within deadline: Duration
    ) async -> ExchangeReport {
        let (network, trust) = state.withLock { state in (state.network, Self.trust(&state)) }
        var request = ExchangeRequest(url: url, deadline: deadline, trust: trust)
        request.method = .post
        request.headers = [HeaderField("Content-Type", "application/json"), HeaderField("User-Agent", userAgent)] + headers
        request.body = body
        request.connectTo = network.connectTo
        if throughProxy { request.proxy = network.proxy.map { ProxyRoute(url: $0.url, noProxy: $0.noProxy) } }
        request.bounds.body = 64 << 10
        return await transfers.exchange(request)
    }

    /// The reader of the configuration has refused a file that holds no certificate; one that broke since then adds no root.
    private static func trust(_ state: inout State) -> TrustStore {
        guard let file = state.network.caFile else { return .system }
        let roots = (try? RegularFile.read(file, atMost: RegularFile.certificateLimit)) ?? []
        if let known = state.trust, known.roots == roots { return known.store }
        let store = (try? TrustStore(systemRoots: true, files: [file])) ?? .system
        state.trust = (roots, store)
        return store
    }
}

extension ExchangeReport {
    /// What came of it, in a clause that holds nothing of what was sent.
    var clause: String {
        if let failure { return failure.sentence }
        guard let response else { return "no answer" }
        let beginning = String(decoding: response.body.prefix(500), as: UTF8.self).filter { !$0.isNewline }
        return "answered with status \(response.status)" + (beginning.isEmpty ? "" : ": \(beginning)")
    }

    var isAccepted: Bool { failure == nil && response.map { (200..<300).contains($0.status) } ?? false }
}
