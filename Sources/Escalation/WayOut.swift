import HealthManager
import Synchronization
package import Transfers

/// How those who are told of trouble are reached: what all requests of this room share.
package final class WayOut: Sendable {
    private let transfers: Transfers
    private let userAgent: String
    private let network = Mutex(NetworkSettings())

    package init(_ transfers: Transfers, userAgent: String) {
        self.transfers = transfers
        self.userAgent = userAgent
    }

    func use(_ network: NetworkSettings) { self.network.withLock { $0 = network } }

    /// POSTs JSON. No redirect is followed: the request may bear a credential.
    func post(
        _ body: [UInt8], to url: String, headers: [HeaderField] = [], throughProxy: Bool, within deadline: Duration
    ) async -> ExchangeReport {
        let network = network.withLock { $0 }
        let trust = TrustedRoots(includesSystem: true, file: network.caFile)
        var request = ExchangeRequest(url: url, deadline: deadline, trust: trust)
        request.method = .post
        request.headers = [HeaderField("Content-Type", "application/json"), HeaderField("User-Agent", userAgent)] + headers
        request.body = body
        request.connectTo = network.connectTo
        if throughProxy { request.proxy = network.proxy.map { ProxyRoute(url: $0.url, noProxy: $0.noProxy) } }
        request.bounds.body = 64 << 10
        return await transfers.exchange(request)
    }
}

extension ExchangeReport {
    /// What came of it, in a clause that holds nothing of what was sent.
    var clause: String {
        if let failure, !isAccepted { return failure.sentence }
        guard let response else { return "no answer" }
        let beginning = String(decoding: response.body.prefix(500), as: UTF8.self).filter { !$0.isNewline }
        return "answered with status \(response.status)" + (beginning.isEmpty ? "" : ": \(beginning)")
    }

    /// The status decides: whoever sends it has taken what it was sent, however long the rest of the answer is, or takes.
    var isAccepted: Bool { response.map { (200..<300).contains($0.status) } ?? false }
}
