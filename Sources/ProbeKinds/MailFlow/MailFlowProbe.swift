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

    func run(_ context: RunContext) async -> Outcome {
        let (smtp, imap): (MailServer, MailServer)
        do throws(Unusable) { (smtp, imap) = (try service(.smtp, flow.smtp), try service(.imap, flow.imap)) } catch {
            var log = RunRecorder()
            log.find(
                Finding(
                    .unknown, stage: .config, reason: error.isOwnWant ? .systemRefused : .credentialUnreadable, sentence: error.sentence))
            return log.finished(Self.stages)
        }
        var run = MailFlowRun(flow: flow, transfers: path.transfers, thresholds: thresholds, context: context)
        await run.run(smtp, imap)
        return run.log.finished(Self.stages)
    }

    /// Why a password cannot be read.
    private struct Unusable: Error {
        /// Contains nothing of the password.
        var sentence: String
        /// Whether the agent ran out of descriptors or memory.
        var isOwnWant = false
    }

    private func service(_ kind: MailServer.Service, _ service: MailFlow.Service) throws(Unusable) -> MailServer {
        let host = service.host ?? server?.hostname ?? ""
        let own = service.host == nil ? server?.address.flatMap { HostPort($0)?.host } : nil
        let known = path.settings.connectTo["\(host.lowercased()):\(service.port)"]
        var login: MailServer.Login?
        if let written = service.login {
            do throws(FileUnreadable) {
                let bytes = try RegularFile.read(written.passwordFile, atMost: RegularFile.credentialLimit, isSecret: true)
                login = MailServer.Login(user: written.user, password: String(decoding: bytes, as: UTF8.self).trimmed)
            } catch { throw Unusable(sentence: error.description, isOwnWant: error.isOwnWant) }
            guard let login, !login.password.isEmpty, !login.password.contains(where: \.isNewline), !login.password.utf8.contains(0) else {
                throw Unusable(sentence: "\(written.passwordFile) does not contain one line with a password")
            }
        }
        let security: MailServer.Security =
            switch service.security {
            case .starttls: .startTLS
            case .implicit: .implicit
            case .none: .none
            }
        return MailServer(
            kind, host: host, port: service.port, address: known ?? own.map { HostPort(host: $0, port: service.port).description },
            security: security, login: login, trust: path.trust)
    }
}
