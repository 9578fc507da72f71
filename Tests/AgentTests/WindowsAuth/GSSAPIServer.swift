import Glibc
import TestSupport

/// Debian's Apache with mod_auth_gssapi on loopback: a site, and a forward proxy for any host, both for Kerberos accounts only.
final class GSSAPIServer: Sendable {
    let port: UInt16
    private let server: ListeningProgram

    init(_ realm: KerberosRealm) async throws {
        let directory = try TemporaryDirectory()
        port = FreePort.one()
        let account = """
                AuthType GSSAPI
                AuthName fabrikam
                GssapiCredStore keytab:\(realm.serviceKeytab)
                Require valid-user
            """
        let modules = ["mpm_event", "authn_core", "authz_core", "authz_user", "auth_gssapi", "dir", "proxy", "proxy_http", "proxy_connect"]
        try directory.write("site/index.html", "the site of fabrikam\n")
        let configuration = try directory.write(
            "apache.conf",
            """
            \(modules.map { "LoadModule \($0)_module /usr/lib/apache2/modules/mod_\($0).so" }.joined(separator: "\n"))
            ServerRoot \(directory.path)
            ServerName localhost
            User www-data
            PidFile \(directory.path)/pid
            DefaultRuntimeDir \(directory.path)
            ErrorLog /dev/stderr
            Listen 127.0.0.1:\(port)
            DocumentRoot \(directory.path)/site
            <Location />
            \(account)
            </Location>
            ProxyRequests On
            AllowCONNECT 1-65535
            <Proxy *>
            \(account)
            </Proxy>

            """)
        // Its workers run as another user.
        for path in [directory.path, directory.path + "/site", realm.directory.path] { chmod(path, 0o755) }
        for path in [realm.serviceKeytab, realm.directory.path + "/krb5.conf"] { chmod(path, 0o644) }
        server = try await ListeningProgram(
            "/usr/sbin/apache2", ["-DFOREGROUND", "-f", configuration], port: port, directory: directory, environment: realm.environment)
    }
}
