import FoundationEssentials
import TestSupport

/// An MIT Kerberos realm on loopback: the account `svc-agent` with a password and a keytab, and the services of `localhost`.
final class KerberosRealm: Sendable {
    struct Failed: Error { var errors: String }

    static let password = "planted-Passw0rd"
    let directory: TemporaryDirectory
    private let server: ListeningProgram

    /// For every program that takes part.
    var environment: [String: String] {
        ["KRB5_CONFIG": directory.path + "/krb5.conf", "KRB5_KDC_PROFILE": directory.path + "/kdc.conf", "KRB5CCNAME": "MEMORY:none"]
    }
    var serviceKeytab: String { directory.path + "/http.keytab" }
    var accountKeytab: String { directory.path + "/agent.keytab" }

    init() async throws {
        let directory = try TemporaryDirectory()
        let port = FreePort.one()
        self.directory = directory
        // Nothing is looked up in DNS.
        try directory.write(
            "krb5.conf",
            """
            [libdefaults]
              default_realm = FABRIKAM.TEST
              dns_lookup_kdc = false
              dns_lookup_realm = false
              dns_canonicalize_hostname = false
              rdns = false
            [realms]
              FABRIKAM.TEST = { 
                kdc = 127.0.0.1:\(port)
              }
              AWAY.TEST = {
                kdc = 127.0.0.1:1
              }
            [domain_realm]
              localhost = FABRIKAM.TEST
              127.0.0.1 = FABRIKAM.TEST

            """)
        try directory.write(
            "kdc.conf",
            """
            [kdcdefaults]
              kdc_listen = 127.0.0.1:\(port)
              kdc_tcp_listen = 127.0.0.1:\(port)
            [realms]
              FABRIKAM.TEST = {
                database_name = \(directory.path)/principal
                key_stash_file = \(directory.path)/stash
                acl_file = \(directory.path)/acl
              }

            """)
        let environment = [
            "KRB5_CONFIG": directory.path + "/krb5.conf", "KRB5_KDC_PROFILE": directory.path + "/kdc.conf",
        ]
        func run(_ program: String, _ arguments: String...) async throws {
            let ended = try await Program.run(program, arguments, environment: environment)
            // kadmin.local ends with 0 after an error.
            guard ended.status == 0, !ended.errors.contains("while ") else { throw Failed(errors: ended.errors) }
        }
        try await run("/usr/sbin/kdb5_util", "create", "-s", "-P", "master")
        for command in [
            "addprinc +requires_preauth -pw \(Self.password) svc-agent", "ktadd -norandkey -k \(directory.path)/agent.keytab svc-agent",
            "addprinc -randkey HTTP/localhost", "ktadd -k \(directory.path)/http.keytab HTTP/localhost",
        ] { try await run("/usr/sbin/kadmin.local", "-q", command) }
        server = try await ListeningProgram("/usr/sbin/krb5kdc", ["-n"], port: port, directory: directory, environment: environment)
    }
}
