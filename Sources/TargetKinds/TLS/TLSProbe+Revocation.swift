import Addresses
import Certificates
import FoundationEssentials
import Outbound
import Probing
import Transfers

/// `revocation`: how the authority is asked whether the server's certificate was revoked.
enum RevocationSource: String, Sendable, CaseIterable {
    case ocsp, crl
    /// By OCSP if the certificate names a responder, else from the list.
    case any

    static let guide = KindGuide.Option(
        "revocation", "ocsp | crl | any: whom to ask whether the certificate was revoked (default: nobody, but a stapled response counts)",
        settableThroughAgent: true)
    static let status = MetricDefinition(
        "probe_tls_revocation_status", "What the authority said when it was asked: 0 good, 1 revoked, 2 unknown.", .both)
}

/// What an authority has said of one certificate.
struct RevocationAnswer: Sendable {
    var status: StapledResponse.Status
    var revokedAt: Date?
    var thisUpdate: Date?
    var nextUpdate: Date?
}

extension RevocationAnswer {
    init(_ response: StapledResponse) {
        self.init(
            status: response.status, revokedAt: response.revokedAt, thisUpdate: response.thisUpdate, nextUpdate: response.nextUpdate)
    }

    init(_ listed: ListedStatus) {
        self.init(
            status: listed.isRevoked ? .revoked : .good, revokedAt: listed.revokedAt, thisUpdate: listed.thisUpdate,
            nextUpdate: listed.nextUpdate)
    }

    /// Throws if it says nothing of that day, by what it says of itself.
    func hold(at date: Date) throws(StapledResponse.Unusable) {
        if let nextUpdate, nextUpdate <= date {
            throw .init(description: "what it says was valid until \(nextUpdate.formatted(.iso8601))")
        }
        // Clocks differ a little.
        if let thisUpdate, thisUpdate > date.addingTimeInterval(300) {
            throw .init(description: "what it says is of the future: \(thisUpdate.formatted(.iso8601))")
        }
    }
}

extension TLSProbe {
    /// Asks the authority. A certificate that is not verified may name any address, and is not asked about.
    func checkRevocation(_ session: TLSReport, _ source: RevocationSource, _ run: inout TargetRun) async {
        guard let leaf = session.leaf, session.verdict?.fault == nil, let issuer = session.issuer else { return }
        let named = leaf.revocationSources
        let (responder, list) = (source == .crl ? nil : named.responder, source == .ocsp ? nil : named.list)
        guard let url = responder ?? list else {
            return run.leaveOut("whether it was revoked: the certificate names no \(source == .crl ? "list" : "responder")")
        }
        let inquiry = RevocationInquiry(leaf, by: issuer)
        let key = RevocationAnswers.Key(url: url, certificate: leaf.fingerprintSHA256, issuer: issuer.fingerprintSHA256)
        let answer: RevocationAnswer
        do throws(StapledResponse.Unusable) {
            if let known = services.revocationAnswers.answer(key, at: run.day == nil ? run.date : nil) {
                answer = known
            } else if run.day != nil {
                // What authorities say is of today: a forecast does not ask.
                return
            } else {
                answer =
                    responder == nil
                    ? try await look(up: inquiry, in: url, issuer: key.issuer, &run)
                    : RevocationAnswer(try inquiry.response(try await ask(inquiry, url, &run)))
                try answer.hold(at: run.date)
                services.revocationAnswers.keep(answer, key, at: run.date)
            }
        } catch {
            run.observe(.measurement(RevocationSource.status(Double(StapledResponse.Status.unknown.rawValue))))
            return run.find(
                finding(.warning, .revocationUnknown, leaf, "could not be checked for revocation at \(EndpointURL(url)): \(error)"))
        }
        run.observe(.measurement(RevocationSource.status(Double(answer.status.rawValue))))
        switch answer.status {
        case .good: break
        case .revoked:
            let when = answer.revokedAt.map { " on \($0.formatted(.iso8601))" } ?? ""
            run.find(finding(.failure, .certificateRevoked, leaf, "was revoked\(when), as its authority says at \(EndpointURL(url))"))
        case .unknown: run.find(finding(.warning, .revocationUnknown, leaf, "is not known to its authority at \(EndpointURL(url))"))
        }
    }

    /// A list is fetched once for all certificates of its issuer.
    private func look(
        up inquiry: RevocationInquiry, in url: String, issuer: String, _ run: inout TargetRun
    ) async throws(StapledResponse.Unusable) -> RevocationAnswer {
        if let known = services.revocationAnswers.list(url, issuer: issuer, at: run.date) {
            return RevocationAnswer(try inquiry.status(in: known, at: url))
        }
        let list = try await ask(nil, url, &run)
        let answer = RevocationAnswer(try inquiry.status(in: list, at: url))
        try answer.hold(at: run.date)
        services.revocationAnswers.keep(list, url, issuer: issuer, until: answer.nextUpdate, at: run.date)
        return answer
    }

    /// Fetches what the authority says.
    /// - Parameter inquiry: what a responder is asked; nil for a list.
    private func ask(_ inquiry: RevocationInquiry?, _ url: String, _ run: inout TargetRun) async throws(StapledResponse.Unusable) -> [UInt8]
    {
        var request = ExchangeRequest(url: url, deadline: run.deadline - .now, trust: options.server.tls.settings.trust)
        request.headers = [HeaderField("User-Agent", services.userAgent)]
        if let inquiry {
            guard let body = inquiry.request else { throw .init(description: "a certificate cannot be parsed") }
            request.method = .post
            request.headers.append(HeaderField("Content-Type", "application/ocsp-request"))
            request.body = body
        }
        request.redirects = .follow(maximum: 3)
        request.policy = target.policy
        request.proxy = options.server.proxy.map { ProxyRoute(url: EndpointURL($0.url)) }
        request.bounds.body = inquiry == nil ? RevocationInquiry.listLimit : RevocationInquiry.responseLimit
        let report = await run.transfers.exchange(request)
        if let failure = report.failure { throw .init(description: failure.sentence) }
        guard let response = report.response, response.status == 200 else {
            throw .init(description: "HTTP \(report.response?.status ?? 0)")
        }
        return response.body
    }
}
