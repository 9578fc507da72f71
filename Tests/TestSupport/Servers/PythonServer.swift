/// A server of a few lines of Python on loopback, ended with this value. What it `say`s comes on standard error.
package final class PythonServer: Sendable {
    package struct NotStarted: Error { var errors: String }

    package let program: Program
    package let port: UInt16
    package var address: String { "127.0.0.1:\(port)" }

    private static let prelude = """
        import os, socket, ssl, struct, sys, threading
        def say(*words): print(*words, file=sys.stderr, flush=True)
        def ready(port): say("port", port, "end")
        def listen(host="127.0.0.1", **more):
            listener = socket.create_server((host, 0), **more)
            ready(listener.getsockname()[1])
            return listener
        def accept():
            peer, _ = listen().accept()
            return peer

        """

    /// - Parameters:
    ///   - script: calls `ready(port)`, by way of `listen()` or `accept()` most often.
    ///   - python: the interpreter, which decides what can be imported.
    package init(
        _ script: String, _ arguments: [String] = [], python: String = Program.python, environment: [String: String] = [:]
    ) async throws {
        program = try Program(python, ["-c", Self.prelude + script] + arguments, environment: environment)
        let says = await program.says("port")
        let words = program.errors.split(whereSeparator: { $0 == " " || $0 == "\n" })
        guard says, let at = words.firstIndex(of: "port"), let port = UInt16(words[at + 1]) else {
            throw NotStarted(errors: program.errors)
        }
        self.port = port
    }

    /// One connection is served by `peer`, with what comes as `request()` and bytes that go by `send(...)`.
    package static func serving(_ body: String) async throws -> PythonServer {
        try await PythonServer(
            """
            peer = accept()
            lines = peer.makefile("rb")
            send = peer.sendall
            def request(): return lines.readline()
            try:
            \(body.split(separator: "\n", omittingEmptySubsequences: false).map { "    " + $0 }.joined(separator: "\n"))
            except OSError as error:
                say("error", error)
            say("over")
            peer.close()
            """)
    }

    /// Waits for words on standard error; false where they do not come in time.
    package func said(_ words: String) async -> Bool {
        await program.said(words)
    }

    deinit { program.send(9) }
}

/// A program of Debian's that listens, ended with this value.
package final class ListeningProgram: Sendable {
    package struct NotStarted: Error { var errors: String }

    package let program: Program
    private let directory: TemporaryDirectory

    /// Waits until something listens on the port.
    package init(
        _ path: String, _ arguments: [String], port: UInt16, directory: TemporaryDirectory, environment: [String: String] = [:]
    ) async throws {
        self.directory = directory
        program = try Program(path, arguments, environment: environment)
        guard await eventually(within: .seconds(20), every: .milliseconds(50), { FreePort.isTaken(port) }) else {
            program.send(9)
            throw NotStarted(errors: program.errors)
        }
    }

    deinit {
        program.send(15)
    }
}
