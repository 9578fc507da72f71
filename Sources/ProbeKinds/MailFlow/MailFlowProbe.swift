import Addresses
import Documents
import FoundationEssentials
import Outbound
import Probing
import Transfers

struct MailFlowProbe: Probe {
    static let stages: [Stage] = [.config, .resolve, .connect, .tls, .mailbox, .submission, .delivery, .removal]

    let flow: MailFlow
    /// Whose SMTP and IMAP are used where `flow` names no host; nil if it names both.
    let server: Server?
    let path: NetworkPath
    let thresholds: Thresholds

    func turns(with validity: Validity) -> [Date] { thresholds.turns(with: validity) }

    func run(_ context: RunContext) async -> Outcome {
        let (smtp, imap): (MailServer, MailServer)
        do throws(CredentialUnusable) {
            (smtp, imap) = (try service(.smtp, flow.smtp, context), try service(.imap, flow.imap, context))
        } catch {
            var log = RunRecorder()
            log.find(error.finding(at: .config))
            return log.finished(Self.stages)
        }
        var run = MailFlowRun(flow: flow, transfers: path.transfers, thresholds: thresholds, context: context)
        await run.run(smtp, imap)
        return run.log.finished(Self.stages)
    }

    private func service(
        _ kind: MailServer.Service, _ service: MailFlow.Service, _ context: RunContext
    ) throws(CredentialUnusable) -> MailServer {
        let host = service.host ?? server?.hostname ?? ""
        let own = service.host == nil ? server?.address.flatMap { HostPort($0)?.host } : nil
        let known = path.settings.connectTo["\(host.lowercased()):\(service.port)"]
        let security: MailServer.Security =
            switch service.security {
            case .starttls: .startTLS
            case .implicit: .implicit
            case .none: .none
            }
        var mail = MailServer(
            kind, host: host, port: service.port, address: known ?? own.map { HostPort(host: $0, port: service.port).description },
            security: security, login: try service.login.map(login), trust: path.trust)
        mail.tls.verificationDate = context.verificationDate
        return mail
    }

    private func login(_ written: MailFlow.Login) throws(CredentialUnusable) -> MailServer.Login {
        let bytes: [UInt8]
        do throws(FileUnreadable) {
            bytes = try RegularFile.read(written.passwordFile, atMost: RegularFile.credentialLimit, isSecret: true)
        } catch { throw CredentialUnusable(error) }
        // Spaces may belong to a password, the end of the line does not.
        let text = String(validating: bytes.dropFirst(bytes.byteOrderMark), as: UTF8.self) ?? ""
        let lines = text.split(maxSplits: 1, omittingEmptySubsequences: false, whereSeparator: { $0 == "\n" || $0 == "\r\n" })
        let password = lines.first ?? ""
        guard !password.isEmpty, !password.utf8.contains(where: { $0 < 0x20 }), lines.count < 2 || lines[1].isEmpty else {
            throw CredentialUnusable("\(written.passwordFile) does not contain one line of UTF-8 with a password")
        }
        return MailServer.Login(user: written.user, password: String(password))
    }
}
