import Addresses
import Certificates
import FoundationEssentials
import Outbound
import Probing
import Transfers

/// One run against one target: its stages, findings and observations, and its deadline.
///
/// A kind uses it to resolve the target and reports successes and failures to it, which it converts to stages and findings.
struct TargetRun {
    let target: Target
    let deadline: ContinuousClock.Instant
    /// The date at which certificates are judged.
    let date: Date
    /// The date at which certificates are verified; nil means now.
    let day: Date?
    /// Whether a server that cannot be reached is no failure: the run judges its certificates, and cannot tell.
    var judgesCertificatesOnly = false
    private let services: TargetServices
    private var recorder = RunRecorder()
    private var began = ContinuousClock.now

    init(_ target: Target, _ context: RunContext, _ services: TargetServices) {
        self.target = target
        self.services = services
        deadline = ContinuousClock.now + context.deadline
        date = context.date
        day = context.verificationDate
    }

    /// Another run, against another target, until the same deadline.
    init(_ target: Target, like other: TargetRun) {
        self.target = target
        (services, deadline, date, day) = (other.services, other.deadline, other.date, other.day)
    }

    var transfers: Transfers { services.transfers }
    var certificateFiles: CertificateFiles { services.certificateFiles }
    var outcome: Outcome { recorder.outcome }

    /// Time since the last stage ended (or the run began).
    var elapsed: Duration { ContinuousClock.now - began }

    // MARK: Recording

    /// Records that a stage passed.
    mutating func pass(_ stage: Stage, _ detail: String = "", took: Duration? = nil) { record(stage, .passed, took ?? elapsed, detail) }

    /// Records that a stage failed, and the finding. The target is put in front of the sentence.
    mutating func fail(
        _ stage: Stage, _ reason: Reason, _ sentence: String, exception: String = "", took: Duration? = nil, certificate: Thumbprint? = nil
    ) {
        record(stage, .failed, took ?? elapsed, "")
        recorder.find(
            Finding(
                .failure, stage: stage, reason: reason, sentence: "\(target): \(sentence)", exception: exception,
                certificate: certificate))
    }

    /// Records that the run could not be made or could not judge. The target is put in front of the sentence.
    mutating func reject(_ stage: Stage, _ reason: Reason, _ sentence: String, exception: String = "") {
        record(stage, .notObserved, elapsed, "")
        recorder.find(Finding(.unknown, stage: stage, reason: reason, sentence: "\(target): \(sentence)", exception: exception))
    }

    mutating func observe(_ observation: Observation) { recorder.observe(observation) }

    /// Records what was measured, for `/probe`.
    mutating func measured(_ facts: some TargetFacts) { recorder.measured(facts) }

    mutating func sample(_ value: Double) { recorder.sample(value) }

    /// Records a network failure, with the stage and reason derived from it.
    mutating func fail(_ failure: ExchangeFailure, _ tls: TLSReport? = nil, took: Duration? = nil) {
        let stage = failure.stage(application: .endpoint)
        let reason = failure.reason(tls)
        guard failure.severity == .failure, !judgesCertificatesOnly else {
            return reject(stage, reason, failure.sentence, exception: failure.detail)
        }
        fail(stage, reason, failure.sentence, exception: failure.detail, took: took, certificate: failure.certificate(tls))
    }

    private mutating func record(_ stage: Stage, _ verdict: StageVerdict, _ duration: Duration, _ detail: String) {
        began = .now
        recorder.stage(stage, verdict, took: duration, detail)
    }

    /// Records a finding as it is, and what it means for its stage.
    mutating func find(_ finding: Finding) { recorder.find(finding) }

    /// Records what was not checked and why, as one clause.
    mutating func leaveOut(_ clause: String) { recorder.leaveOut(clause) }

    // MARK: Connecting

    /// Resolves the host to one address and checks it against the target's policy; nil if the run ends here (the reason has been recorded).
    mutating func resolve(_ host: String, _ options: AddressOptions) async -> NetworkAddress? {
        let start = ContinuousClock.now
        if let hostname = target.hostname, HostName.ascii(authority: hostname) == nil {
            reject(.config, .targetInvalid, "'\(hostname)' is not a valid host name")
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
            measured(ResolutionFacts(address: found, duration: took))
            if let refusal = target.policy.refusal(of: found) {
                throw ExchangeFailure(kind: .forbidden, phase: .resolve, sentence: refusal)
            }
            pass(.resolve, found.description, took: took)
            return found
        } catch {
            if error.kind != .forbidden { measured(ResolutionFacts(address: nil, duration: ContinuousClock.now - start)) }
            fail(error)
            return nil
        }
    }

    /// Starts TLS on the connection; false if the run ends here. The peer's certificates are recorded in either case.
    /// - Parameter declared: the metrics of the session that the kind declares.
    mutating func startTLS(
        _ conversation: Conversation, _ options: TLSOptions, host: String, declared: [MetricDefinition] = TLSFacts.metrics
    ) async -> Bool {
        var settings = options.settings(on: day)
        settings.serverName = settings.serverName ?? target.asciiHostname
        do throws(ExchangeFailure) { try await conversation.startTLS(settings, host: host) } catch {
            observe(conversation.tls, declared: declared)
            fail(error, conversation.tls)
            return false
        }
        observe(conversation.tls, declared: declared)
        pass(.tls, conversation.tls?.version ?? "")
        return true
    }

    /// Records a TLS handshake: the session, and each presented certificate. Replaces those of an earlier handshake.
    /// - Parameter declared: the metrics of the session that the kind declares.
    mutating func observe(_ tls: TLSReport?, declared: [MetricDefinition] = TLSFacts.metrics) {
        guard let tls else { return }
        recorder.forgetHandshake { $0 is TLSFacts }
        measured(
            TLSFacts(
                version: Self.versionNames[tls.version ?? ""], cipher: tls.cipher, lastChainExpiry: tls.verdict?.lastExpiry,
                declared: declared))
        recorder.observe(tls.certificates(at: .tls))
        for warning in tls.warnings(at: .tls, of: target.description) { recorder.find(warning) }
    }

    // MARK: Names

    private static let versionNames = ["TLSv1": "TLS 1.0", "TLSv1.1": "TLS 1.1", "TLSv1.2": "TLS 1.2", "TLSv1.3": "TLS 1.3"]
}

extension Target {
    /// The overriding host name in ASCII form, as used in DNS, TLS and HTTP; nil if there is none.
    var asciiHostname: String? { hostname.map { HostName.ascii(authority: $0) ?? $0 } }
}
