import Addresses
import Documents
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

    /// A credential cannot be sent, in one clause that holds nothing of it.
    struct CredentialUnreadable: Error { var clause: String }

    /// What a file of one line holds. Read each time: credentials are renewed while the agent runs.
    static func credential(_ file: String) throws(CredentialUnreadable) -> String {
        let bytes: [UInt8]
        do throws(FileUnreadable) { bytes = try RegularFile.read(file, atMost: RegularFile.credentialLimit) } catch {
            throw CredentialUnreadable(clause: error.description)
        }
        let value = String(decoding: bytes, as: UTF8.self).trimming { $0.isWhitespace }
        guard !value.isEmpty, !value.contains(where: \.isNewline) else { throw CredentialUnreadable(clause: "\(file) must hold one line") }
        return value
    }

    /// POSTs JSON. No redirect is followed: the request may bear a credential.
    func post(
        _ body: [UInt8], to url: String, headers: [HeaderField] = [], tls: AlertmanagerConfiguration.TLS = AlertmanagerConfiguration.TLS(),
        throughProxy: Bool,
        within deadline: Duration
    ) async -> ExchangeReport {
        let network = network.withLock { $0 }
        let trust = TrustedRoots(includesSystem: true, file: tls.caFile ?? network.caFile)
        var request = ExchangeRequest(url: url, deadline: deadline, trust: trust)
        request.method = .post
        request.headers = [HeaderField("Content-Type", "application/json"), HeaderField("User-Agent", userAgent)] + headers
        request.body = body
        request.tls.serverName = tls.serverName
        if let certificate = tls.certificateFile, let key = tls.keyFile {
            request.tls.clientCertificate = ClientCertificate(certificateFile: certificate, keyFile: key)
        }
        request.connectTo = network.connectTo
        if throughProxy { request.proxy = network.proxy.map { ProxyRoute(url: $0.url, noProxy: $0.noProxy) } }
        request.bounds.body = 64 << 10
        return await transfers.exchange(request)
    }
}

extension ExchangeReport {
    /// What came of it, in a clause that holds nothing of the headers sent, though the answer may repeat them.
    func clause(without headers: [HeaderField]) -> String {
        if let failure, !isAccepted { return failure.sentence }
        guard let response else { return "no answer" }
        // `Bearer TOKEN`, and the token alone.
        let secrets = headers.flatMap { [$0.value] + ($0.value.split(separator: " ").dropFirst().last.map { [String($0)] } ?? []) }
        let body = URLRedaction.sentence(Redaction(secrets: secrets).masked(String(decoding: response.body, as: UTF8.self)))
        let beginning = body.prefix(500).filter { !$0.isNewline }
        return "answered with status \(response.status)" + (beginning.isEmpty ? "" : ": \(beginning)")
    }

    /// The status decides: whoever sends it has taken what it was sent, however long the rest of the answer is, or takes.
    var isAccepted: Bool { response.map { (200..<300).contains($0.status) } ?? false }
}

extension String {
    fileprivate func trimming(_ isTrimmed: (Character) -> Bool) -> String {
        var rest = drop(while: isTrimmed)
        while let last = rest.last, isTrimmed(last) { rest.removeLast() }
        return String(rest)
    }
}
