import Addresses
import Documents
import Monitoring
import Outbound
import Probing
import Synchronization
package import Transfers

/// Sends HTTP POST requests to Alertmanagers and webhooks, with the network settings of the current configuration.
package final class OutboundClient: Sendable {
    private let transfers: Transfers
    private let userAgent: String
    private let network = Mutex(NetworkSettings())

    /// - Parameter userAgent: the value of the `User-Agent` header.
    package init(_ transfers: Transfers, userAgent: String) {
        self.transfers = transfers
        self.userAgent = userAgent
    }

    func use(_ network: NetworkSettings) { self.network.withLock { $0 = network } }

    /// A credential file cannot be used; the clause says why and contains nothing of the credential.
    struct CredentialUnreadable: Error { var clause: String }

    /// Reads a credential from a one-line file and trims whitespace. Not cached: credentials may be renewed while the agent runs.
    static func credential(_ file: String) throws(CredentialUnreadable) -> String {
        let bytes: [UInt8]
        do throws(FileUnreadable) { bytes = try RegularFile.read(file, atMost: RegularFile.credentialLimit) } catch {
            throw CredentialUnreadable(clause: error.description)
        }
        let value = String(decoding: bytes, as: UTF8.self).trimmed
        guard !value.isEmpty, !value.contains(where: \.isNewline) else {
            throw CredentialUnreadable(clause: "\(file) must contain exactly one line")
        }
        return value
    }

    /// POSTs JSON. Redirects are not followed, since the request may carry a credential.
    func post(
        _ body: [UInt8], to url: String, headers: [HeaderField] = [], tls: AlertmanagerConfiguration.TLS = AlertmanagerConfiguration.TLS(),
        throughProxy: Bool,
        within deadline: Duration
    ) async -> ExchangeReport {
        let network = network.withLock { $0 }
        let trust = TrustedRoots(includesSystem: true, file: tls.caFile ?? network.caFile)
        let path = NetworkPath(transfers: transfers, trust: trust, settings: network, userAgent: userAgent)
        var request = path.request(url, throughProxy: throughProxy, within: deadline)
        request.method = .post
        request.headers += [HeaderField("Content-Type", "application/json")] + headers
        request.body = body
        request.tls.serverName = tls.serverName
        if let certificate = tls.certificateFile, let key = tls.keyFile {
            request.tls.clientCertificate = ClientCertificate(certificateFile: certificate, keyFile: key)
        }
        request.bounds.body = 64 << 10
        return await transfers.exchange(request)
    }
}

extension ExchangeReport {
    /// The outcome as a clause: the failure, or the status with the beginning of the body. The values of `headers` are masked in it.
    func clause(without headers: [HeaderField]) -> String {
        if let failure, !isAccepted { return failure.sentence }
        guard let response else { return "no response" }
        // `Bearer TOKEN`, and the token alone.
        let secrets = headers.flatMap { [$0.value] + ($0.value.split(separator: " ").dropFirst().last.map { [String($0)] } ?? []) }
        let body = URLRedaction.sentence(Redaction(secrets: secrets).masked(String(decoding: response.body, as: UTF8.self)))
        let beginning = body.prefix(500).filter { !$0.isNewline }
        return "answered with status \(response.status)" + (beginning.isEmpty ? "" : ": \(beginning)")
    }

    /// Whether the response status is 2xx; a failure while reading the body does not matter then.
    var isAccepted: Bool { response.map { (200..<300).contains($0.status) } ?? false }
}
