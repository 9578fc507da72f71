import Certificates
import FoundationEssentials
import Glibc
import Logging
import Probing
import TestSupport
import Testing
import Transfers

@testable import ProbeKinds

/// `mail-flow`, against Postfix and Dovecot, and against servers that misbehave.
@Suite struct MailFlowTests {
    static let isRoot: Bool = geteuid() == 0

    /// A probe of one server, `mbx01.fabrikam.com`.
    struct Site {
        var organization = Organization()
        let directory: TemporaryDirectory

        /// - Parameters:
        ///   - smtp: its port; TLS after STARTTLS.
        ///   - imap: its port; TLS from the start.
        init(smtp: UInt16, imap: UInt16, roots: String?, password: String = MailSystem.password) throws {
            directory = try TemporaryDirectory()
            let file = try directory.write("password", password + "\n")
            guard chmod(file, 0o600) == 0 else { throw CocoaError(.fileWriteNoPermission) }
            let login = MailFlow.Login(user: "mailflow@fabrikam.com", passwordFile: file)
            var flow = MailFlow(
                sender: "mailflow@fabrikam.com", recipient: "mailflow@fabrikam.com", smtp: .init(port: smtp, security: .starttls),
                imap: .init(port: imap, security: .implicit), mailbox: "INBOX")
            (flow.smtp.login, flow.imap.login) = (login, login)
            organization.mailFlow = flow
            organization.network.caFile = roots
            var server = Server(name: "mbx01.fabrikam.com")
            server.address = "127.0.0.1:443"
            organization.servers = [server]
        }

        init(_ system: MailSystem, password: String = MailSystem.password) throws {
            try self.init(smtp: system.smtp, imap: system.imaps, roots: system.root.certificate, password: password)
        }

        /// - Parameter date: of a rehearsal; nil for a run.
        func run(within deadline: Duration = .seconds(60), at date: Date? = nil) async throws -> Outcome {
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            let services = KindServices(
                transfers: Transfers(), sightings: CertificateLog(directory: directory.path, isWritable: false, logger: logger),
                userAgent: "test")
            let place = Place(organization: organization, server: organization.servers[0])
            guard case .probe(let probe) = MailFlowKind(services).discover((), at: place) else { throw CancellationError() }
            return await probe.run(
                RunContext(date: date ?? Date(), deadline: deadline, isRehearsal: date != nil, time: ManualTime(now: Date())))
        }
    }

    @Test("a message through Postfix into Dovecot: it arrives unseen, is measured and removed, and nothing else is", .enabled(if: isRoot))
    func delivered() async throws {
        let system = try await MailSystem()
        let left = "agent mail-flow probe 2020-02-02T20 01234567-89ab-4cde-8f01-23456789abcd"
        try await system.deliver("Subject: \(left)\n\nleft by a run that died\n", to: "mailflow")
        for subject in ["Re: \(left)", "FYI: agent mail-flow probe is red", "\(left) ", "from somebody else"] {
            try await system.deliver("Subject: \(subject)\n\nkeep\n", to: "mailflow")
        }
        let outcome = try await Site(system).run()
        #expect(outcome.resultType == .succeeded && outcome.findings.isEmpty, outcome.story)
        #expect(outcome.stages.map(\.stage) == MailFlowProbe.stages && outcome.stages.allSatisfy { $0.verdict == .passed }, outcome.story)
        // Five were there before, of which one has gone; one has come.
        #expect(outcome.value("mail_flow_unseen_messages") == 5, outcome.story)
        let took = try #require(outcome.value("mail_flow_delivery_seconds"))
        #expect(took > 0 && outcome.sampleValue == took)
        #expect(outcome.peers == ["mailbox": "leaf", "submission": "leaf"])
        let kept = system.messages(of: "mailflow")
        #expect(kept.count == 4 && kept.allSatisfy { $0.contains("keep") }, "\(kept)")
    }

    @Test("a forecast sends nothing: it connects and logs in, and sees that certificates will have expired", .enabled(if: isRoot))
    func rehearsed() async throws {
        let system = try await MailSystem()
        let site = try Site(system)
        let today = try await site.run(at: Date())
        #expect(
            today.resultType == .succeeded && today.notChecked.first?.hasPrefix("submission, delivery and removal") == true, today.story)
        #expect(today.stages.filter { $0.verdict == .passed }.map(\.stage) == [.config, .resolve, .connect, .tls, .mailbox, .submission])
        let later = try await site.run(at: Date() + 60 * 86400)
        #expect(later.told == ["tls certificate_expired"], later.story)
        #expect(system.messages(of: "mailflow").isEmpty && !system.log.contains("message-id"), "\(system.log)")
    }

    @Test("IMAP with STARTTLS serves as well; a second run begins where the first one ended", .enabled(if: isRoot))
    func again() async throws {
        let system = try await MailSystem()
        var site = try Site(system)
        site.organization.mailFlow?.imap.port = system.imap
        site.organization.mailFlow?.imap.security = .starttls
        for _ in 1...2 {
            let outcome = try await site.run()
            #expect(outcome.resultType == .succeeded && outcome.value("mail_flow_unseen_messages") == 1, outcome.story)
        }
        #expect(system.messages(of: "mailflow").isEmpty)
    }

    @Test("a password that is refused is told at the stage where it was used, and nothing is sent", .enabled(if: isRoot))
    func passwords() async throws {
        let system = try await MailSystem()
        let wrong = try Site(system, password: "Wrong-Battery-9")
        let reading = try await wrong.run()
        #expect(reading.told == ["mailbox login_refused"], reading.story)
        var site = try Site(system)
        site.organization.mailFlow?.smtp.login = wrong.organization.mailFlow?.smtp.login
        let submitting = try await site.run()
        #expect(submitting.told == ["submission login_refused"], submitting.story)
        #expect(submitting.findings.first?.sentence.contains("535") == true, submitting.story)
        for outcome in [reading, submitting] { #expect(!outcome.story.description.contains("Battery"), outcome.story) }
        #expect(system.messages(of: "mailflow").isEmpty)
    }

    @Test("a recipient that does not exist is quoted as Postfix says it; a sender without a login may not relay", .enabled(if: isRoot))
    func refused() async throws {
        let system = try await MailSystem()
        var site = try Site(system)
        site.organization.mailFlow?.recipient = "nobody@fabrikam.com"
        let unknown = try await site.run()
        #expect(unknown.told == ["submission mail_refused"], unknown.story)
        #expect(unknown.findings.first?.sentence.contains("550 5.1.1") == true, unknown.story)
        site.organization.mailFlow?.recipient = "mailflow@fabrikam.com"
        site.organization.mailFlow?.smtp.login = nil
        let relay = try await site.run()
        #expect(relay.told == ["submission mail_refused"], relay.story)
    }

    @Test("what arrives in another mailbox has not arrived", .enabled(if: isRoot))
    func elsewhere() async throws {
        let system = try await MailSystem()
        var site = try Site(system)
        site.organization.mailFlow?.recipient = "other@fabrikam.com"
        let outcome = try await site.run(within: .seconds(8))
        #expect(outcome.told == ["delivery mail_not_delivered"], outcome.story)
        #expect(outcome.value("mail_flow_unseen_messages") == 0)
        #expect(await eventually(within: .seconds(30)) { system.messages(of: "other").count == 1 })
    }

    @Test("a folder that does not exist; a server that nobody vouches for: a reason, before anything is sent", .enabled(if: isRoot))
    func before() async throws {
        let system = try await MailSystem()
        var site = try Site(system)
        site.organization.mailFlow?.mailbox = "Nowhere"
        let folder = try await site.run()
        #expect(folder.told == ["mailbox mail_refused"], folder.story)
        site = try Site(system)
        site.organization.network.caFile = try await system.certificates.root("stranger", commonName: "Stranger").certificate
        let stranger = try await site.run()
        #expect(stranger.told == ["tls certificate_untrusted"] && stranger.peers == ["mailbox": "leaf"], stranger.story)
        #expect(system.messages(of: "mailflow").isEmpty)
    }

    @Test("nobody listens; a password file is missing, open to all, or empty")
    func unready() async throws {
        let site = try Site(smtp: FreePort.one(), imap: FreePort.one(), roots: nil)
        let nobody = try await site.run()
        #expect(nobody.told == ["connect connect_refused"], nobody.story)
        let file = site.directory.path + "/password"
        #expect(chmod(file, 0o644) == 0)
        #expect(try await site.run().told == ["config credential_unreadable"])
        #expect(chmod(file, 0o600) == 0 && truncate(file, 0) == 0)
        #expect(try await site.run().told == ["config credential_unreadable"])
        #expect(unlink(file) == 0)
        #expect(try await site.run().told == ["config credential_unreadable"])
    }
}

extension Outcome {
    /// Stage and reason of each finding.
    var told: [String] { findings.map { "\($0.stage.rawValue) \($0.reason.rawValue)" } }

    func value(_ name: String) -> Double? {
        let values = observations.compactMap { observation -> Double? in
            if case .measurement(let measurement) = observation, measurement.metric.name == name { measurement.value } else { nil }
        }
        return values.count == 1 ? values[0] : nil
    }

    /// The common name of each leaf, by the stage that saw it.
    var peers: [String: String] {
        var peers: [String: String] = [:]
        for case .peerCertificate(let stage, 0, _, let facts) in observations {
            peers[stage.rawValue] = facts.subject.replacing("CN=", with: "")
        }
        return peers
    }

    /// For a test that fails.
    var story: Comment { "\(stages.map { "\($0.stage.rawValue) \($0.verdict.rawValue) \($0.detail)" })\n\(findings)" }
}
