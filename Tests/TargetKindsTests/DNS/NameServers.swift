import FoundationEssentials
import Glibc
import TestSupport
import Testing

/// An authoritative server (NSD) on loopback, over UDP, TCP and TLS, and a resolver (Unbound) that asks it.
///
/// A suite with the trait `.nameServers` has them while its tests run.
final class NameServers: Sendable {
    @TaskLocal static var current: NameServers?

    struct NotStarted: Error {
        var errors: String
    }

    /// Both speak IPv4 and IPv6 on one port.
    let port: UInt16
    let tlsPort: UInt16
    let resolverPort: UInt16
    /// PEM file of the certificate for `localhost`, which is its own issuer.
    var certificateFile: String { directory.path + "/certificate.pem" }
    private let directory: TemporaryDirectory
    private let programs: [Program]

    static func required() throws -> NameServers { try #require(current) }

    /// Ways to ask the authoritative server.
    enum Transport: String, CaseIterable, Sendable {
        case udp, tcp, tls
    }

    func target(_ transport: Transport) -> String { "127.0.0.1:\(transport == .tls ? tlsPort : port)" }

    func options(_ transport: Transport) -> DNSModule {
        switch transport {
        case .udp: [:]
        case .tcp: ["transport_protocol": "tcp"]
        case .tls: ["dns_over_tls": true, "tls_config": ["ca_file": .text(certificateFile)]]
        }
    }

    init() async throws {
        directory = try TemporaryDirectory()
        port = try Self.freePort()
        tlsPort = try Self.freePort()
        resolverPort = try Self.freePort()
        let folder = directory.path
        let made = try await Program.run(
            "openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", folder + "/key.pem", "-out",
                folder + "/certificate.pem",
            ])
        guard made.status == 0 else { throw NotStarted(errors: made.errors) }
        try directory.write("zone", Self.zone)
        try directory.write("nsd.conf", Self.nsd(folder, port, tlsPort))
        try directory.write("unbound.conf", Self.unbound(folder, resolverPort, asks: port))
        let nsd = try Program("nsd", ["-d", "-c", folder + "/nsd.conf"])
        let unbound = try Program("unbound", ["-d", "-d", "-p", "-c", folder + "/unbound.conf"])
        programs = [nsd, unbound]
        guard await nsd.says("nsd started"), await unbound.says("start of service") else {
            stop()
            throw NotStarted(errors: nsd.errors + unbound.errors)
        }
    }

    func stop() { for program in programs { program.send(SIGTERM) } }

    /// A port that nobody has, neither over UDP nor over TCP.
    static func freePort() throws -> UInt16 {
        for _ in 0..<20 {
            let (stream, datagram) = (
                socket(AF_INET6, Int32(SOCK_STREAM.rawValue), 0), socket(AF_INET6, Int32(SOCK_DGRAM.rawValue), 0)
            )
            defer {
                close(stream)
                close(datagram)
            }
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            var size = socklen_t(MemoryLayout<sockaddr_in6>.size)
            let isFree = withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(stream, $0, size) == 0 && getsockname(stream, $0, &size) == 0 && bind(datagram, $0, size) == 0
                }
            }
            if isFree { return UInt16(bigEndian: address.sin6_port) }
        }
        throw NotStarted(errors: "no free port")
    }

    // MARK: Files

    private static func nsd(_ folder: String, _ port: UInt16, _ tlsPort: UInt16) -> String {
        """
        server:
          ip-address: 127.0.0.1@\(port)
          ip-address: ::1@\(port)
          ip-address: 127.0.0.1@\(tlsPort)
          tls-port: \(tlsPort)
          tls-service-key: "\(folder)/key.pem"
          tls-service-pem: "\(folder)/certificate.pem"
          username: ""
          chroot: ""
          zonesdir: "\(folder)"
          pidfile: "\(folder)/nsd.pid"
          zonelistfile: "\(folder)/zone.list"
          xfrdfile: "\(folder)/xfrd.state"
          xfrdir: "\(folder)"
          database: ""
          server-count: 1
          refuse-any: no
          minimal-responses: no
          rrl-ratelimit: 0
        remote-control:
          control-enable: no
        zone:
          name: fabrikam.test
          zonefile: zone
        # A zone that is not there: the server fails whoever asks for it.
        zone:
          name: lost.test
          zonefile: nowhere

        """
    }

    private static func unbound(_ folder: String, _ port: UInt16, asks upstream: UInt16) -> String {
        """
        server:
          interface: 127.0.0.1@\(port)
          username: ""
          chroot: ""
          directory: "\(folder)"
          use-syslog: no
          verbosity: 1
          num-threads: 1
          do-not-query-localhost: no
          local-zone: "test." nodefault
          module-config: "iterator"
        remote-control:
          control-enable: no
        stub-zone:
          name: fabrikam.test
          stub-addr: 127.0.0.1@\(upstream)
        stub-zone:
          name: lost.test
          stub-addr: 127.0.0.1@\(upstream)

        """
    }

    private static let zone = """
        $ORIGIN fabrikam.test.
        $TTL 3600
        @ IN SOA ns1 hostmaster 2024010203 7200 900 1209600 300
        @ NS ns1
        @ NS ns2
        ns1 A 192.0.2.1
        ns1 AAAA 2001:db8::1
        ns2 A 192.0.2.2
        @ MX 10 mail
        mail A 192.0.2.10
        mail A 192.0.2.11
        mail AAAA 2001:db8::10
        www CNAME mail
        @ TXT "v=spf1 -all" "two \\"quoted\\" st;ring"
        _sip._tcp SRV 5 10 5060 mail
        @ CAA 0 issue "letsencrypt.org"
        naptr NAPTR 100 10 "U" "E2U+sip" "!^.*$!sip:info@fabrikam.test!" .
        child DS 60485 5 1 2bb183af5f22588179a53b0a98631fad1a292118
        child NS ns1
        cds CDS 60485 5 1 2bb183af5f22588179a53b0a98631fad1a292118
        ssh SSHFP 4 2 123456789abcdef67890123456789abcdef67890123456789abcdef123456789
        salt NSEC3PARAM 1 0 12 aabbccdd
        cert CERT PGP 1 5 AQID
        x25 X25 "311061700956"
        site HTTPS 1 . alpn="h2,h3" ipv4hint="192.0.2.1,192.0.2.2" ipv6hint="2001:db8::1" port="8443"
        moved HTTPS 0 www.example.
        service SVCB 16 svc.example. mandatory=alpn,port alpn=h2 no-default-alpn port=53 ech=AAAA key667="hello"
        tab TXT "a\\009b"
        _443._tcp TLSA 3 1 1 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
        long TXT "\(String(repeating: "a", count: 250))" "\(String(repeating: "b", count: 250))"
        long TXT "\(String(repeating: "c", count: 250))"

        """
}

/// Starts the servers for a suite, and ends them after it.
struct NameServerTrait: SuiteTrait, TestScoping {
    func provideScope(for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void) async throws {
        let servers = try await NameServers()
        defer { servers.stop() }
        try await NameServers.$current.withValue(servers, operation: function)
    }
}

extension Trait where Self == NameServerTrait {
    static var nameServers: Self { Self() }
}
