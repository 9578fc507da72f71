import TestSupport
import Testing

@testable import TargetKinds

/// A few lines of Python that answer, over UDP and TCP on one port, what no name server would.
///
/// They see the question as `q` and give a list of messages. At hand: `head(q, rcode, answers, ...)` and the records `A1`, `A2`.
struct OddServer {
    private let program: Program

    private init(_ program: Program) { self.program = program }

    static func answering(_ messages: String) throws -> OddServer {
        let script = """
            import socket, struct, sys, threading
            A1 = bytes.fromhex("c00c0001000100000e100004c0000201")
            A2 = bytes.fromhex("c00c0001000100000e100004c0000202")
            EDNS = bytes.fromhex("00002904d0000000000000")
            def other(q): return bytes([q[0] ^ 1]) + q[1:]
            def head(q, rcode=0, an=0, ns=0, ar=0, flags=0x8400):
                return q[:2] + struct.pack(">HHHHH", flags | rcode, 1, an, ns, ar) + q[12:]
            def messages(q): return \(messages)
            stream = socket.create_server(("127.0.0.1", 0))
            port = stream.getsockname()[1]
            datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            datagrams.bind(("127.0.0.1", port))
            kept = []
            def over_tcp():
                while True:
                    peer, _ = stream.accept()
                    answers = messages(peer.recv(4096)[2:])
                    for answer in answers: peer.sendall(answer if isinstance(answer, bytearray) else struct.pack(">H", len(answer)) + answer)
                    if answers: peer.close()
                    else: kept.append(peer)
            threading.Thread(target=over_tcp, daemon=True).start()
            print("port", port, "end", file=sys.stderr, flush=True)
            while True:
                q, peer = datagrams.recvfrom(4096)
                for answer in messages(q): datagrams.sendto(answer, peer)
            """
        return OddServer(try Program(Program.python, ["-c", script]))
    }

    /// Two A records in each of these sections, none elsewhere.
    static func answering(sections: [DNSAnswer.Section]) throws -> OddServer {
        let counts = DNSAnswer.Section.allCases.map { sections.contains($0) ? "2" : "0" }.joined(separator: ", ")
        return try answering("[head(q, 0, \(counts)) + (A1 + A2) * \(sections.count)]")
    }

    func target() async throws -> String {
        try #require(await program.says("port"), "\(program.errors)")
        return "127.0.0.1:" + (program.errors.split(separator: " ").dropFirst().first.map(String.init) ?? "")
    }

    func end() { program.send(9) }
}
