import FoundationEssentials
import Outbound
import Probing
import Transfers

/// One run of mail flow: what it does, and what it has recorded so far.
struct MailFlowRun {
    let flow: MailFlow
    let transfers: Transfers
    let thresholds: Thresholds
    let context: RunContext
    private let end: ContinuousClock.Instant
    private let reserve: Duration
    private let message: TestMessage
    private var secrets: [String] = []
    private(set) var log = RunRecorder()

    /// How long to wait before the mailbox is searched again, each time; the last one is repeated.
    private static let pauses: [Duration] = [.milliseconds(250), .milliseconds(500), .seconds(1), .seconds(2), .seconds(4)]
    /// What is kept of the time to remove the message, at most.
    private static let reserve: Duration = .seconds(5)

    init(flow: MailFlow, transfers: Transfers, thresholds: Thresholds, context: RunContext) {
        self.flow = flow
        self.transfers = transfers
        self.thresholds = thresholds
        self.context = context
        (end, reserve) = (.now + context.deadline, min(Self.reserve, context.deadline / 4))
        message = TestMessage(sender: flow.sender, recipient: flow.recipient, date: context.time.now)
    }

    mutating func run(_ smtp: MailServer, _ imap: MailServer) async {
        secrets = [smtp.login, imap.login].compactMap(\.self).flatMap(Self.spellings)
        log.stage(.config, .passed)
        // The mailbox comes first: a message that could not be removed again is not sent.
        guard let mailbox = await open(imap), await submit(smtp) else { return }
        guard let identifier = await delivery(mailbox) else { return }
        await remove([identifier], mailbox, .removal)
    }

    // MARK: Steps

    /// Logs in, counts the unseen messages, and removes what earlier runs have left.
    /// - Returns: nil if that failed, which has been recorded.
    private mutating func open(_ server: MailServer) async -> Mailbox? {
        let peer = Self.name(server)
        do throws(ExchangeFailure) {
            let mailbox = Mailbox(session: try await transfers.mailSession(with: server, until: end), folder: flow.mailbox)
            do throws(Mailbox.Failure) {
                let unseen = try await mailbox.search("UNSEEN")
                record(unseen.report, peer, .mailbox)
                log.stage(.mailbox, .passed, took: unseen.report.duration, "\(unseen.identifiers.count) unseen")
                log.measure([MailFlowKind.unseen(unseen.identifiers.count)])
                let leftovers = try await mailbox.search(message.leftoverSearch).identifiers
                return await remove(leftovers, mailbox, .mailbox) ? mailbox : nil
            } catch { fail(error.report, peer, .mailbox) }
        } catch { fail(error, nil, peer, .mailbox) }
        return nil
    }

    private mutating func submit(_ server: MailServer) async -> Bool {
        let peer = Self.name(server)
        do throws(ExchangeFailure) {
            let session = try await transfers.mailSession(with: server, until: end)
            let report = await session.submit(message.bytes, from: flow.sender, to: flow.recipient)
            if report.failure != nil {
                fail(report, peer, .submission)
                return false
            }
            record(report, peer, .submission)
            log.stage(.submission, .passed, took: report.duration, "accepted by \(server.host)")
            return true
        } catch {
            fail(error, nil, peer, .submission)
            return false
        }
    }

    /// Searches the mailbox until the message is there.
    /// - Returns: its unique identifier; nil if it did not arrive in time, which has been recorded.
    private mutating func delivery(_ mailbox: Mailbox) async -> UInt32? {
        let began = ContinuousClock.now
        let last = max(began, end - reserve)
        var pauses = Self.pauses[...]
        do throws(Mailbox.Failure) {
            while true {
                if let identifier = try await mailbox.search(message.search).identifiers.first {
                    let took = ContinuousClock.now - began
                    let unseen = try await mailbox.search("UNSEEN").identifiers
                    arrived(identifier, after: took, unseen)
                    return identifier
                }
                let pause = pauses.count > 1 ? pauses.removeFirst() : pauses.first ?? .seconds(1)
                guard ContinuousClock.now + pause < last, !Task.isCancelled else { break }
                try? await Task.sleep(for: pause)
            }
            log.stage(.delivery, .failed, took: ContinuousClock.now - began)
            log.find(
                Finding(
                    .failure, stage: .delivery, reason: .mailNotDelivered,
                    sentence:
                        "the message to \(flow.recipient) was accepted, but was not in \(flow.mailbox) \(DurationText.format(.seconds((ContinuousClock.now - began).seconds.rounded()))) later"
                ))
        } catch { fail(error.report, "the mailbox", .delivery) }
        return nil
    }

    private mutating func arrived(_ identifier: UInt32, after took: Duration, _ unseen: [UInt32]) {
        log.stage(.delivery, .passed, took: took, "\(unseen.count) unseen")
        log.sample(took.seconds)
        log.measure([MailFlowKind.deliveryTime(took), MailFlowKind.unseen(unseen.count)])
        guard !unseen.contains(identifier) else { return }
        log.find(
            Finding(
                .warning, stage: .delivery, reason: .mailNotUnseen,
                sentence: "the message arrived in \(flow.mailbox) of \(flow.recipient), but something had already marked it as read"))
    }

    @discardableResult
    private mutating func remove(_ identifiers: [UInt32], _ mailbox: Mailbox, _ stage: Stage) async -> Bool {
        let began = ContinuousClock.now
        do throws(Mailbox.Failure) {
            try await mailbox.remove(identifiers)
            if stage == .removal || !identifiers.isEmpty {
                log.stage(stage, .passed, took: ContinuousClock.now - began, "\(identifiers.count) removed")
            }
            return true
        } catch {
            fail(error.report, "the mailbox", stage)
            return false
        }
    }

    // MARK: Records

    /// Records what a new connection has shown.
    private mutating func record(_ report: MailReport, _ peer: String, _ application: Stage) {
        for (phase, duration) in report.phases.sorted(by: { $0.value < $1.value }) {
            log.stage(phase.stage(application: application), .passed, took: duration)
        }
        guard let tls = report.tls else { return }
        log.observe(tls.certificates(at: application))
        for warning in tls.warnings(at: .tls, of: peer) { log.find(warning) }
        if let warning = thresholds.expiry(of: tls, peer: peer, at: context.date) { log.find(warning) }
    }

    private mutating func fail(_ report: MailReport, _ peer: String, _ application: Stage) {
        guard let failure = report.failure else { return }
        for (phase, duration) in report.phases where phase != failure.phase {
            log.stage(phase.stage(application: application), .passed, took: duration)
        }
        if let tls = report.tls { log.observe(tls.certificates(at: application)) }
        fail(failure, report.tls, peer, application)
    }

    private mutating func fail(_ failure: ExchangeFailure, _ tls: TLSReport?, _ peer: String, _ application: Stage) {
        let redaction = Redaction(secrets: secrets)
        log.find(
            Finding(
                failure.severity, stage: failure.stage(application: application), reason: failure.reason(tls),
                sentence: redaction.firstLine(of: "\(peer): \(failure.sentence)"), exception: redaction.firstLine(of: failure.detail),
                certificate: failure.certificate(tls)))
    }

    private static func name(_ server: MailServer) -> String { "\(server.service.rawValue.uppercased()) of \(server.host)" }

    /// A password as the protocols send it: a server may quote it.
    private static func spellings(_ login: MailServer.Login) -> [String] {
        let texts = [login.password, "\0\(login.user)\0\(login.password)", "\(login.user)\0\(login.user)\0\(login.password)"]
        return [login.password] + texts.map { Data($0.utf8).base64EncodedString() }
    }
}
