import Addresses
import Certificates
import FoundationEssentials
import HealthManager
import Transfers

/// One run against one target, stage by stage: what it found, what it saw, and how much of its time is left.
///
/// A kind asks it for the address, opens what it needs, and tells it of failures; it makes stages, findings and observations of them.
struct TargetRun {
    let target: Target
    let deadline: ContinuousClock.Instant
    /// The day to judge certificates by, where it is not today.
    let day: Date?
    private let services: TargetServices
    private(set) var outcome = Outcome()
    private var began = ContinuousClock.now

    init(_ target: Target, _ context: RunContext, _ services: TargetServices) {
        self.target = target
        self.services = services
        deadline = ContinuousClock.now + context.deadline
        day = context.isRehearsal && abs(context.date.timeIntervalSince(context.time.now)) > 1 ? context.date : nil
    }

    var transfers: Transfers { services.transfers }

    /// Time since the last stage ended (or the run began).
    var elapsed: Duration { ContinuousClock.now - began }

    // MARK: Telling

    /// Ends the stage under way.
    mutating func pass(_ stage: Stage, _ detail: String = "", took: Duration? = nil) { record(stage, .passed, took ?? elapsed, detail) }

    /// Ends the stage under way with the reason the run fails for.
    mutating func fail(
        _ stage: Stage, _ reason: Reason, _ sentence: String, exception: String = "", took: Duration? = nil, certificate: Thumbprint? = nil
    ) {
        record(stage, .failed, took ?? elapsed, "")
        outcome.findings.append(
            Finding(
                .failure, stage: stage, reason: reason, sentence: "\(target): \(sentence)", exception: exception,
                certificate: certificate))
    }

    /// The run could not be made, or could not judge.
    mutating func reject(_ stage: Stage, _ reason: Reason, _ sentence: String, exception: String = "") {
        record(stage, .notObserved, elapsed, "")
        outcome.findings.append(
            Finding(.unknown, stage: stage, reason: reason, sentence: "\(target): \(sentence)", exception: exception))
    }

    private mutating func warn(_ stage: Stage, _ reason: Reason, _ sentence: String) {
        outcome.findings.append(Finding(.warning, stage: stage, reason: reason, sentence: "\(target): \(sentence)"))
    }

    mutating func observe(_ observation: Observation) { outcome.observations.append(observation) }

    mutating func sample(_ value: Double) { outcome.sampleValue = value }

    /// A failure of the network, as the stage and the reason it means.
    mutating func fail(_ failure: ExchangeFailure, _ tls: TLSReport? = nil, took: Duration? = nil) {
        let stage = Self.stage(failure.phase)
        switch failure.kind {
        case .forbidden: reject(stage, .targetForbidden, failure.sentence)
        case .invalidRequest, .localResources: reject(stage, .systemRefused, failure.sentence, exception: failure.detail)
        case .credentialUnreadable: reject(stage, .credentialUnreadable, failure.sentence, exception: failure.detail)
        default:
            let verdict = failure.kind == .certificateRejected ? tls?.verdict : nil
            fail(
                stage, Self.reason(failure, tls), failure.sentence, exception: failure.detail, took: took,
                certificate: verdict?.certificate?.thumbprint)
        }
    }

    /// A stage that comes again (a dialogue goes on under TLS) has one record: its times add up, and how it ended last counts.
    private mutating func record(_ stage: Stage, _ verdict: StageVerdict, _ duration: Duration, _ detail: String) {
        var duration = duration
        if let index = outcome.stages.firstIndex(where: { $0.stage == stage }) { duration += outcome.stages.remove(at: index).duration }
        began = .now
        let record = StageRecord(stage: stage, verdict: verdict, duration: duration, detail: detail)
        // With TLS 1.3 a stage that has passed may fail after all.
        if verdict != .passed, let index = outcome.stages.lastIndex(where: { $0.stage == stage }) {
            outcome.stages[index] = record
        } else {
            outcome.stages.append(record)
        }
    }

    // MARK: Doing

    /// The address to speak with, looked up and allowed; nil where the run ends here (it has been told why).
    mutating func resolve(_ host: String, _ options: AddressOptions) async -> NetworkAddress? {
        let start = ContinuousClock.now
        if let hostname = target.hostname, HostName.ascii(authority: hostname) == nil {
            reject(.config, .targetInvalid, "'\(hostname)', the name to ask for, is no internationalised domain name")
            return nil
        }
        do throws(ExchangeFailure) {
            let found: NetworkAddress
            if let pinned = target.address {
                found = pinned
            } else {
                found = try await transfers.resolve(host, options.preference, until: deadline)[0]
            }
            let took = ContinuousClock.now - start
            observe(.resolution(ResolutionFacts(address: found, duration: took)))
            if let refusal = target.policy.refusal(of: found) {
                throw ExchangeFailure(kind: .forbidden, phase: .resolve, sentence: refusal)
            }
            pass(.resolve, found.description, took: took)
            return found
        } catch {
            if error.kind != .forbidden { observe(.resolution(ResolutionFacts(address: nil, duration: ContinuousClock.now - start))) }
            fail(error)
            return nil
        }
    }

    /// Makes the connection a TLS one; false where the run ends here. What the peer showed is observed either way.
    mutating func startTLS(_ conversation: Conversation, _ options: TLSOptions, host: String) async -> Bool {
        var settings = options.settings(on: day)
        settings.serverName = settings.serverName ?? target.asciiHostname
        do throws(ExchangeFailure) { try await conversation.startTLS(settings, host: host) } catch {
            observe(conversation.tls)
            fail(error, conversation.tls)
            return false
        }
        observe(conversation.tls)
        pass(.tls, conversation.tls?.version ?? "")
        return true
    }

    /// What a TLS handshake showed: the session, and each certificate of the chain. Of several handshakes the last counts.
    mutating func observe(_ tls: TLSReport?) {
        guard let tls else { return }
        outcome.observations.removeAll { observation in
            switch observation {
            case .tls, .peerCertificate: true
            default: false
            }
        }
        observe(.tls(TLSFacts(version: Self.versionNames[tls.version ?? ""], cipher: tls.cipher, lastChainExpiry: tls.verdict?.lastExpiry)))
        for certificate in tls.chain {
            observe(
                .peerCertificate(
                    stage: .tls, depth: certificate.depth, isVerified: certificate.isVerified, certificate.facts))
        }
        for depth in tls.unreadable { warn(.tls, .certificateUnreadable, "the certificate presented at depth \(depth) cannot be read") }
        if tls.lacksSecureRenegotiation { warn(.tls, .renegotiationInsecure, "no support for secure renegotiation (RFC 5746)") }
    }

    // MARK: Words

    private static let versionNames = ["TLSv1": "TLS 1.0", "TLSv1.1": "TLS 1.1", "TLSv1.2": "TLS 1.2", "TLSv1.3": "TLS 1.3"]

    private static func stage(_ phase: ExchangePhase) -> Stage {
        switch phase {
        case .resolve: .resolve
        case .connect: .connect
        case .tls: .tls
        case .processing, .transfer: .endpoint
        }
    }

    /// - Parameter tls: of the same exchange.
    static func reason(_ failure: ExchangeFailure, _ tls: TLSReport?) -> Reason {
        if failure.kind == .certificateRejected, let fault = tls?.verdict?.fault { return reason(fault) }
        // The run was over: what it then waited for ran out of time.
        if failure.kind == .cancelled, failure.phase == .connect { return .connectTimeout }
        return reason(failure.kind)
    }

    private static func reason(_ fault: ChainVerdict.Fault) -> Reason {
        switch fault {
        case .expired: .certificateExpired
        case .notYetValid: .certificateNotYetValid
        case .nameMismatch: .certificateNameMismatch
        case .revoked: .certificateRevoked
        case .keyTooSmall: .keyTooSmall
        case .signatureWeak: .signatureWeak
        case .unreadable: .certificateUnreadable
        case .untrusted, .chainTooLong: .certificateUntrusted
        }
    }

    private static func reason(_ kind: ExchangeFailure.Kind) -> Reason {
        switch kind {
        case .nameNotResolved: .dnsFailed
        case .refused: .connectRefused
        case .connectTimeout: .connectTimeout
        case .unreachable: .networkUnreachable
        case .reset: .connectionReset
        case .timeout, .cancelled: .timeout
        case .handshakeFailed: .tlsHandshakeFailed
        case .clientCertificateRequired: .clientCertificateRequired
        case .credentialUnreadable: .credentialUnreadable
        case .certificateRejected: .certificateUntrusted
        case .bodyTooLarge, .bodyExpands, .headersTooLarge: .httpTooLarge
        case .tooManyRedirects: .httpRedirect
        case .protocolViolation, .flood: .httpMalformed
        case .proxyRefused: .proxyRefused
        case .proxyAuthentication: .proxyAuthentication
        case .invalidRequest, .localResources: .systemRefused
        case .forbidden: .targetForbidden
        }
    }
}

extension Target {
    /// The name to ask for, as DNS, TLS and HTTP carry it.
    var asciiHostname: String? { hostname.map { HostName.ascii(authority: $0) ?? $0 } }
}
