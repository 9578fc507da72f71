import FoundationEssentials
import Probing
import Transfers

/// The result of fetching one auth metadata document: the document, or a finding that says why there is none.
struct MetadataSighting: Sendable {
    /// The source of the document: a server of the organization, or the auth server.
    enum Publisher: Sendable, Hashable {
        case server(Server)
        case authServer(url: String)

        var name: String {
            switch self {
            case .server(let server): server.name
            case .authServer: "the auth server"
            }
        }

        /// The name, and what is fetched there.
        var place: String {
            switch self {
            case .server: "\(name) (\(MetadataReader.serverPath))"
            case .authServer(let url): "\(name) (\(url))"
            }
        }
    }

    var publisher: Publisher
    var document: AuthMetadataDocument?
    var finding: Finding?
    var report: ExchangeReport
    /// When the document was requested, as `TimeSource.elapsed`.
    var at: Duration

    /// Whether the publisher returned a valid document; nil if a gateway answered in its place.
    var isReachable: Bool? { document != nil ? true : finding?.severity == .unknown ? nil : false }

    var judgement: ExchangeJudgement { Self.judgement(report, publisher) }

    init(_ report: ExchangeReport, from publisher: Publisher, at: Duration) {
        self.publisher = publisher
        self.report = report
        self.at = at
        if let finding = Self.judgement(report, publisher).finding {
            self.finding = finding
        } else if let response = report.response {
            read(response)
        }
    }

    private static func judgement(_ report: ExchangeReport, _ publisher: Publisher) -> ExchangeJudgement {
        var advice: String?
        if case .server(let server) = publisher { advice = "set 'hostname' of \(server.name) to one of these" }
        return ExchangeJudgement(report: report, peer: publisher.place, application: .metadata, nameAdvice: advice)
    }

    private mutating func read(_ response: ExchangeResponse) {
        let isMarkup = response.isMarkup
        switch (publisher, response.status) {
        case (.server(let server), 300..<400), (.server(let server), 401), (.server(let server), 403):
            finding = gateway(server, "status \(response.status)")
        case (.server(let server), 200) where isMarkup:
            finding = gateway(server, "a web page")
        case (.authServer, 300..<400):
            finding = failure(.httpRedirect, "\(response.url) redirects to another URL with status \(response.status)")
        case (_, 200):
            do { document = try AuthMetadataDocument(response.body) } catch {
                let bytes = "\(response.bodyLength) bytes that are not an auth metadata document: \(error.clause)"
                finding = failure(.metadataMalformed, "\(response.url) returned \(isMarkup ? "a web page" : bytes)")
                return
            }
            if document?.keys.isEmpty == true {
                document = nil
                finding = failure(.metadataNoKeys, "\(response.url): its auth metadata document contains no signing key")
            }
        default:
            finding = failure(.httpStatus, "\(response.url) returned status \(response.status) instead of an auth metadata document")
        }
    }

    private func failure(_ reason: Reason, _ clause: String) -> Finding {
        Finding(.failure, stage: .metadata, reason: reason, sentence: "\(publisher.name): \(clause)")
    }

    private func gateway(_ server: Server, _ answer: String) -> Finding {
        Finding(
            .unknown, stage: .metadata, reason: .preauthenticationSuspected,
            sentence: "\(publisher.place): a gateway answered (\(answer)), not Exchange: set 'address' to the server, or 'metadata: false'")
    }
}
