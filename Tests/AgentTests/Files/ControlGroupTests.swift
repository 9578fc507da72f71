import FoundationEssentials
import Glibc
import TestSupport
import Testing

/// `controlSocket: { group }`: who may give orders beside the owner.
@Suite(.enabled(if: geteuid() == 0, "it needs root to hand a socket to a group")) struct ControlGroupTests {
    private static func socket(_ site: FileSite) -> (mode: Int, group: Int)? {
        guard let status = FileStatus(site.directory.path + "/control.sock"), status.type == .typeSocket else { return nil }
        return (status.permissions, status.group)
    }

    private static func site(_ group: String) throws -> FileSite {
        let site = try FileSite(["Files/Export"], more: "controlSocket: { path: control.sock\(group) }\n")
        // The way to the socket is open to all, as in a directory under /run.
        chmod(site.directory.path, 0o755)
        return site
    }

    /// Sends an order as a user who has this group and no other.
    private static func order(_ site: FileSite, as group: gid_t) async throws -> Program.Ended {
        try await Program.run(
            Program.python,
            [
                "-c",
                """
                import os, socket, sys
                os.setgroups([]); os.setgid(int(sys.argv[2])); os.setuid(65534)
                peer = socket.socket(socket.AF_UNIX)
                try: peer.connect(sys.argv[1])
                except PermissionError: print("refused"); sys.exit(0)
                body = b'{"probe": "Files/Export"}'
                lines = [b"POST /api/v1/invoke HTTP/1.1", b"Host: localhost", b"Connection: close", b"Content-Type: application/json",
                         b"Content-Length: %d" % len(body), b"", body]
                peer.sendall(b"\\r\\n".join(lines))
                print(peer.makefile("rb").readline().decode().strip())
                """, site.directory.path + "/control.sock", String(group),
            ])
    }

    @Test("the group that is named may give orders through the socket, and no other")
    func group() async throws {
        let entry = try #require(getgrnam("daemon"), "Debian has this group")
        let group = entry.pointee.gr_gid
        let site = try Self.site(", group: daemon")
        let daemon = try await site.startAgent()
        #expect(await eventually(within: .seconds(60)) { Self.socket(site)?.mode == 0o660 })
        #expect(Self.socket(site)?.group == Int(group))
        #expect(try await Self.order(site, as: group).output == "HTTP/1.1 200 OK\n")
        #expect(try await Self.order(site, as: 65534).output == "refused\n")
        withExtendedLifetime(daemon) {}
    }

    @Test(
        "without a group, or with one that does not exist, the socket is its owner's alone, and the log says why",
        arguments: ["", ", group: nosuchgroup"])
    func owner(written: String) async throws {
        let site = try Self.site(written)
        let daemon = try await site.startAgent()
        #expect(await eventually(within: .seconds(60)) { Self.socket(site)?.mode == 0o600 })
        if !written.isEmpty {
            #expect(await daemon.program.said("unknown group, the control socket is accessible to its owner only"))
            #expect(Self.socket(site)?.mode == 0o600)
        }
        let entry = try #require(getgrnam("daemon"))
        #expect(try await Self.order(site, as: entry.pointee.gr_gid).output == "refused\n")
        withExtendedLifetime(daemon) {}
    }
}
