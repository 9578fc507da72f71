import FoundationEssentials
import TestSupport

/// Postfix, which takes messages over STARTTLS from whoever logs in, and Dovecot, in whose mailboxes they arrive. Both begin as root.
final class MailSystem: Sendable {
    static let password = "Correct-Horse-7"

    let certificates: TestCertificates
    let root: TestCertificates.Identity
    let (smtp, imap, imaps): (UInt16, UInt16, UInt16)
    private let postfix: ListeningProgram
    private let dovecot: ListeningProgram

    private static let recipients = ["mailflow", "other"]

    init() async throws {
        let certificates = try TestCertificates()
        self.certificates = certificates
        root = try await certificates.root("root")
        let leaf = try await certificates.leaf("leaf", "DNS:mbx01.fabrikam.com", by: root)
        (smtp, imap, imaps) = (FreePort.one(), FreePort.one(), FreePort.one())
        let (directory, path) = (certificates.directory, certificates.path)
        // The programs' own users do their work, and must reach their folders.
        _ = try await Program.run("chmod", ["711", path])
        for folder in ["queue", "data", "mail", "home"] { _ = try await Program.run("mkdir", ["\(path)/\(folder)"]) }
        _ = try await Program.run("chown", ["postfix", "\(path)/data"])
        _ = try await Program.run("chown", ["nobody:nogroup", "\(path)/mail", "\(path)/home"])
        let configuration = try directory.write("dovecot.conf", try await Self.dovecot(path, leaf, imap: imap, imaps: imaps))
        dovecot = try await ListeningProgram("/usr/sbin/dovecot", ["-F", "-c", configuration], port: imap, directory: directory)
        let maps = Self.recipients.map { "{ \($0)@fabrikam.com = \($0)/ }" }.joined(separator: ", ")
        _ = try directory.write(
            "main.cf",
            """
            compatibility_level = 3.6
            queue_directory = \(path)/queue
            data_directory = \(path)/data
            inet_interfaces = 127.0.0.1
            inet_protocols = ipv4
            myhostname = mbx01.fabrikam.com
            mydestination =
            alias_maps =
            local_recipient_maps =
            virtual_mailbox_domains = fabrikam.com
            virtual_mailbox_base = \(path)/mail
            virtual_mailbox_maps = inline:{ \(maps) }
            virtual_uid_maps = static:65534
            virtual_gid_maps = static:65534
            smtpd_peername_lookup = no
            smtpd_tls_security_level = encrypt
            smtpd_tls_cert_file = \(leaf.certificate)
            smtpd_tls_key_file = \(leaf.key)
            smtpd_sasl_auth_enable = yes
            smtpd_sasl_type = dovecot
            smtpd_sasl_path = \(path)/run/auth-client
            smtpd_relay_restrictions = permit_sasl_authenticated, reject
            smtpd_delay_reject = no
            maillog_file = /dev/stdout

            """)
        _ = try directory.write(
            "master.cf",
            """
            127.0.0.1:\(smtp) inet n - n - - smtpd
            cleanup unix n - n - 0 cleanup
            qmgr unix n - n 300 1 qmgr
            tlsmgr unix - - n 1000? 1 tlsmgr
            rewrite unix - - n - - trivial-rewrite
            bounce unix - - n - 0 bounce
            defer unix - - n - 0 bounce
            trace unix - - n - 0 bounce
            anvil unix - - n - 1 anvil
            proxymap unix - - n - - proxymap
            virtual unix - n n - - virtual
            error unix - - n - - error
            retry unix - - n - - error
            postlog unix-dgram n - n - 1 postlogd

            """)
        // It makes the folders of the queue; the master is started apart, so that the one who starts it can end it.
        _ = try await Program.run("/usr/sbin/postfix", ["-c", path, "check"])
        postfix = try await ListeningProgram("/usr/lib/postfix/sbin/master", ["-c", path, "-d"], port: smtp, directory: directory)
    }

    private static func dovecot(_ path: String, _ leaf: TestCertificates.Identity, imap: UInt16, imaps: UInt16) async throws -> String {
        // Dovecot 2.4 (Debian 13) begins with its version, and has other names.
        let version = try await Program.run("/usr/sbin/dovecot", ["--version"]).output.prefix { $0.isNumber || $0 == "." }
        let own =
            version.hasPrefix("2.3")
            ? """
            ssl_cert = <\(leaf.certificate)
            ssl_key = <\(leaf.key)
            mail_location = maildir:\(path)/mail/%n
            passdb {
              driver = static
              args = password=\(password)
            }
            userdb {
              driver = static
              args = uid=65534 gid=65534 home=\(path)/home/%n
            }
            """
            : """
            ssl_server_cert_file = \(leaf.certificate)
            ssl_server_key_file = \(leaf.key)
            mail_driver = maildir
            mail_path = \(path)/mail/%{user | username}
            passdb static {
              password = \(password)
            }
            userdb static {
              fields {
                uid = 65534
                gid = 65534
                home = \(path)/home/%{user | username}
              }
            }
            """
        let head = version.hasPrefix("2.3") ? "" : "dovecot_config_version = \(version)\ndovecot_storage_version = \(version)"
        return """
            \(head)
            base_dir = \(path)/run
            state_dir = \(path)/state
            log_path = /dev/stderr
            protocols = imap
            listen = 127.0.0.1
            ssl = required
            auth_mechanisms = plain login
            \(own)
            service anvil {
              chroot =
            }
            service auth {
              unix_listener auth-client {
                mode = 0666
              }
            }
            service imap-login {
              chroot =
              inet_listener imap {
                port = \(imap)
              }
              inet_listener imaps {
                port = \(imaps)
                ssl = yes
              }
            }

            """
    }

    /// The texts of all messages in a mailbox.
    func messages(of name: String) -> [String] {
        ["new", "cur"].flatMap { folder -> [String] in
            let path = "\(certificates.path)/mail/\(name)/\(folder)"
            let files = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
            return files.compactMap { try? String(contentsOfFile: "\(path)/\($0)", encoding: .utf8) }
        }
    }

    /// Puts a message into a mailbox, unseen.
    func deliver(_ text: String, to name: String) async throws {
        let mailbox = "\(certificates.path)/mail/\(name)"
        for folder in ["", "/new", "/cur", "/tmp"] {
            try FileManager.default.createDirectory(atPath: mailbox + folder, withIntermediateDirectories: true)
        }
        try Data(text.utf8).write(to: URL(filePath: "\(mailbox)/new/\(UUID().uuidString)"))
        _ = try await Program.run("chown", ["-R", "nobody:nogroup", mailbox])
    }

    /// What both have logged.
    var log: String { postfix.program.printed + dovecot.program.errors }
}
