import FoundationEssentials
import Glibc
import TestSupport

/// Debian's nginx with TLS and HTTP/2: `/` answers `hello` and a line end, `/large` five thousand bytes, compressed on demand.
final class NginxServer: Sendable {
    let port: UInt16
    private let program: Program
    private let directory: TemporaryDirectory

    /// - Parameter speaksHTTP3: as well; nginx 1.25 and later can.
    init(_ certificate: TestCertificate, speaksHTTP3: Bool = false) async throws {
        port = VacantPort.take()
        directory = try TemporaryDirectory()
        try directory.write("html/index.html", "hello\n")
        try directory.write("html/large", String(repeating: "x", count: 5000))
        let configuration = try directory.write(
            "nginx.conf",
            """
            daemon off;
            master_process off;
            pid \(directory.path)/pid;
            error_log stderr notice;
            events {}
            http {
              access_log off;
              client_body_temp_path \(directory.path)/a; proxy_temp_path \(directory.path)/b; fastcgi_temp_path \(directory.path)/c;
              uwsgi_temp_path \(directory.path)/d; scgi_temp_path \(directory.path)/e;
              default_type text/plain;
              gzip on; gzip_types text/plain; gzip_min_length 100;
              server {
                listen 127.0.0.1:\(port) ssl http2;
                \(speaksHTTP3 ? "listen 127.0.0.1:\(port) quic;" : "")
                ssl_certificate \(certificate.certificateFile);
                ssl_certificate_key \(certificate.keyFile);
                root \(directory.path)/html;
              }
            }
            """)
        program = try Program("/usr/sbin/nginx", ["-c", configuration, "-p", directory.path])
        let port = port
        guard await eventually(within: .seconds(10), { VacantPort.isTaken(port) }) else {
            throw WebServer.NotStarted(errors: program.errors)
        }
    }

    deinit { program.send(SIGKILL) }
}

/// OpenSSL's own server, held to one old version of TLS.
final class OldTLSServer: Sendable {
    let port: UInt16
    private let program: Program

    init(_ certificate: TestCertificate, version: String = "-tls1_1") async throws {
        port = VacantPort.take()
        program = try Program(
            "openssl",
            [
                "s_server", version, "-cipher", "ALL:@SECLEVEL=0", "-accept", "127.0.0.1:\(port)", "-www", "-cert",
                certificate.certificateFile, "-key", certificate.keyFile, "-quiet",
            ])
        let port = port
        guard await eventually(within: .seconds(10), { VacantPort.isTaken(port) }) else {
            throw WebServer.NotStarted(errors: program.errors)
        }
    }

    deinit { program.send(SIGKILL) }
}

/// For programs that cannot choose a port and tell it.
private enum VacantPort {
    static func take() -> UInt16 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = loopback(port: 0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = bind(descriptor, $0, length)
                _ = getsockname(descriptor, $0, &length)
            }
        }
        return UInt16(bigEndian: address.sin_port)
    }

    static func isTaken(_ port: UInt16) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = loopback(port: port)
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }

    private static func loopback(port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }
}
