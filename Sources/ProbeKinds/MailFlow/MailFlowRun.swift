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
    /// Until when the message is searched for: what is left then is for its removal.
    private let lastSearch: ContinuousClock.Instant
    private let message: TestMessage
    private var secrets: [String] = []
    private(set) var log = RunRecorder()

    /// How long to wait before the mailbox is searched again, each time; the last one is repeated.
    private static let pauses: [Duration] = [.milliseconds(250), .milliseconds(500), .seconds(1), .seconds(2), .seconds(4)]

    init(flow: MailFlow, transfers: Transfers, thresholds: Thresholds, context: RunContext) {
        self.flow = flow
        self.transfers = transfers
        self.thresholds = thresholds
        self.context = context
        end = .now + context.deadline
        lastSearch = end - min(.seconds(5), context.deadline / 4)
        message = TestMessage(sender: flow.sender, recipient: flow.recipient, date: context.time.now)
    }

    mutating func run(_ smtp: MailServer, _ imap: MailServer) async {
        secrets = [smtp.login, imap.login].compactMap(\.self).flatMap(Self.spellings)
        log.stage(.config, .passed)
        // The mailbox comes first: a message that could not be removed again is not sent.
        guard let (mailbox, reader) = await open(imap), await submit(smtp), !context.isRehearsal else { return }
        let (copies, subject) = (await delivery(mailbox, reader), message.subject)
        if !copies.isEmpty { await remove(copies, mailbox, reader, .removal) { $0 == subject } }
    }

    // MARK: Steps

    /// Logs in, removes what earlier runs have left, and counts the unseen messages.
    /// - Returns: the mailbox and its name in sentences; nil if that failed, which has been recorded.
    private mutating func open(_ server: MailServer) async -> (Mailbox, String)? {
        let peer = Self.name(server)
        guard let session = await connect(server, peer, .mailbox) else { return nil }
        let mailbox = Mailbox(session: session, folder: flow.mailbox)
        if context.isRehearsal { return (mailbox, peer) }
        let began = ContinuousClock.now
        do throws(Mailbox.Failure) {
            let leftovers = try await mailbox.search(message.leftoverSearch)
            if !leftovers.isEmpty {
                guard await remove(leftovers, mailbox, peer, .mailbox, where: message.isLeftover) else { return nil }
            }
            let unseen = try await mailbox.unseen()
            log.stage(.mailbox, .passed, took: ContinuousClock.now - began, "\(unseen) unseen")
            log.measure([MailFlowKind.unseen(unseen)])
            return (mailbox, peer)
        } catch {
            fail(error.report, peer, .mailbox)
            return nil
        }
    }

    private mutating func submit(_ server: MailServer) async -> Bool {
        let peer = Self.name(server)
        guard let session = await connect(server, peer, .submission) else { return false }
        guard !context.isRehearsal else {
            log.leaveOut("submission, delivery and removal: nothing is sent for a forecast, or with --at or --set")
            return true
        }
        let report = await session.submit(message.bytes, from: flow.sender, to: flow.recipient)
        if report.failure != nil {
            fail(report, peer, .submission)
            return false
        }
        log.stage(.submission, .passed, took: report.duration, "accepted by \(server.host)")
        return true
    }

    /// Connects and logs in.
    /// - Returns: nil if that failed, which has been recorded.
    private mutating func connect(_ server: MailServer, _ peer: String, _ application: Stage) async -> MailSession? {
        let session: MailSession
        do throws(ExchangeFailure) { session = try await transfers.mailSession(with: server, until: end) } catch {
            fail(error, nil, peer, application)
            return nil
        }
        let report = await session.logIn()
        record(report, peer, application)
        guard report.failure == nil else {
            fail(report, peer, application)
            return nil
        }
        log.stage(application, .passed, took: report.duration)
        for warning in report.tls?.warnings(at: .tls, of: peer) ?? [] { log.find(warning) }
        if let warning = thresholds.expiry(of: report.tls, peer: peer, at: context.date) { log.find(warning) }
        return session
    }

    /// Searches the mailbox until the message is there.
    /// - Returns: the unique identifiers of its copies, of which there is one normally; none if it did not arrive in time, which has been
    ///   recorded.
    private mutating func delivery(_ mailbox: Mailbox, _ peer: String) async -> [UInt32] {
        let began = ContinuousClock.now
        var pauses = Self.pauses[...]
        do throws(Mailbox.Failure) {
            while true {
                let isLast = ContinuousClock.now >= lastSearch
                let copies = try await mailbox.search(message.search)
                if !copies.isEmpty {
                    let took = ContinuousClock.now - began
                    let isUnseen = try await !mailbox.search("UNSEEN \(message.search)").isEmpty
                    arrived(after: took, isUnseen: isUnseen, unseen: try await mailbox.unseen())
                    return copies
                }
                guard !isLast, !Task.isCancelled else { break }
                let pause = pauses.count > 1 ? pauses.removeFirst() : pauses.first ?? .seconds(1)
                try? await Task.sleep(for: min(pause, lastSearch - .now))
            }
            let waited = DurationText.format(.seconds((ContinuousClock.now - began).seconds.rounded()))
            log.stage(.delivery, .failed, took: ContinuousClock.now - began)
            log.find(
                Finding(
                    .failure, stage: .delivery, reason: .mailNotDelivered,
                    sentence: "the message to \(flow.recipient) was accepted, but after \(waited) it is not in \(flow.mailbox)"))
        } catch { fail(error.report, peer, .delivery) }
        return []
    }

    private mutating func arrived(after took: Duration, isUnseen: Bool, unseen: Int) {
        log.stage(.delivery, .passed, took: took, "\(unseen) unseen")
        log.sample(took.seconds)
        log.measure([MailFlowKind.deliveryTime(took), MailFlowKind.unseen(unseen)])
        guard !isUnseen else { return }
        log.find(
            Finding(
                .warning, stage: .delivery, reason: .mailNotUnseen,
                sentence: "the message arrived in \(flow.mailbox) of \(flow.recipient), but something had already marked it as read"))
    }

    @discardableResult
    private mutating func remove(
        _ identifiers: [UInt32], _ mailbox: Mailbox, _ peer: String, _ stage: Stage, where isOurs: (Substring) -> Bool
    ) async -> Bool {
        let began = ContinuousClock.now
        do throws(Mailbox.Failure) {
            let count = try await mailbox.remove(identifiers, where: isOurs)
            log.stage(stage, .passed, took: ContinuousClock.now - began, "\(count) removed")
            guard count == 0, stage == .removal else { return true }
            log.find(
                Finding(
                    .warning, stage: stage, reason: .mailMalformed,
                    sentence: "\(peer) does not show the subject of the message as it was sent: it stays in \(flow.mailbox)"))
            return true
        } catch {
            fail(error.report, peer, stage)
            return false
        }
    }

    // MARK: Records

    /// Records what a new connection has shown.
    private mutating func record(_ report: MailReport, _ peer: String, _ application: Stage) {
        for phase in [ExchangePhase.resolve, .connect, .tls] where phase != report.failure?.phase {
            guard let duration = report.phases[phase] else { continue }
            log.stage(phase.stage(application: application), .passed, took: duration, phase == .connect ? report.remoteAddress ?? "" : "")
        }
        if let tls = report.tls { log.observe(tls.certificates(at: application)) }
    }

    private mutating func fail(_ report: MailReport, _ peer: String, _ application: Stage) {
        guard let failure = report.failure else { return }
        let stage = failure.stage(application: application)
        log.stage(stage, .notRun, took: stage == application ? report.duration : report.phases[failure.phase] ?? .zero)
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

    /// `IMAP of mbx01.fabrikam.com`
    private static func name(_ server: MailServer) -> String { "\(server.service.rawValue.uppercased()) of \(server.host)" }

    /// A password as the protocols send it: a server may quote it.
    private static func spellings(_ login: MailServer.Login) -> [String] {
        let texts = [login.password, "\0\(login.user)\0\(login.password)", "\(login.user)\0\(login.user)\0\(login.password)"]
        let quoted = login.password.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        return [quoted, login.password] + texts.map { Data($0.utf8).base64EncodedString() }
    }
}
