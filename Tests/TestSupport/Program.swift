import Concurrency
import Dispatch
import FoundationEssentials
package import Glibc
import Synchronization

/// A real program, started by a test: what it prints is kept line by line and can be waited for.
package final class Program: Sendable {
    package struct Ended: Sendable {
        package var status: Int32
        package var output: String
        package var errors: String
    }

    package struct CannotStart: Error {}

    /// Debian's own: the packages of the tests belong to it, and a version manager's shim would cost each test a fifth of a second.
    package static let python = "/usr/bin/python3"
    /// The same with the packages that `make test` installs beside the build.
    package static let pythonWithPackages = FileManager.default.currentDirectoryPath + "/.build/python/bin/python"

    private struct Lines {
        var all: [String] = []
        var waiting: [(text: String, continuation: CheckedContinuation<Bool, Never>)] = []
        var isClosed = false
    }

    package let pid: pid_t
    private let output = Mutex<[UInt8]>([])
    private let lines = Mutex(Lines())
    /// What came on standard error after the last line end.
    private let unfinished = Mutex<[UInt8]>([])
    private let ending = Mutex<(status: Int32?, waiting: [CheckedContinuation<Int32, Never>])>((nil, []))

    /// Starts a program with arguments; it is killed with this value if it still runs then.
    package init(_ path: String, _ arguments: [String], environment: [String: String] = [:]) throws {
        var outputEnds: [Int32] = [0, 0]
        var errorEnds: [Int32] = [0, 0]
        guard pipe(&outputEnds) == 0, pipe(&errorEnds) == 0 else { throw CannotStart() }
        for end in outputEnds + errorEnds { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_adddup2(&actions, outputEnds[1], 1)
        posix_spawn_file_actions_adddup2(&actions, errorEnds[1], 2)
        var child = pid_t()
        let inherited: [String] = ["PATH", "HOME"].filter { environment[$0] == nil }.compactMap { (name: String) -> String? in
            getenv(name).map { value in "\(name)=\(String(cString: value))" }
        }
        let words: [String] = [path] + arguments
        let variables: [String] = inherited + environment.map { "\($0.key)=\($0.value)" }
        var argv: [UnsafeMutablePointer<CChar>?] = words.map { word in strdup(word) } + [nil]
        var environ: [UnsafeMutablePointer<CChar>?] = variables.map { word in strdup(word) } + [nil]
        // Threads of the runtime block signals, and a child inherits that: it would never see a SIGTERM.
        var attributes = posix_spawnattr_t()
        var noSignals = sigset_t()
        posix_spawnattr_init(&attributes)
        sigemptyset(&noSignals)
        posix_spawnattr_setsigmask(&attributes, &noSignals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        let status = posix_spawnp(&child, path, &actions, &attributes, &argv, &environ)
        posix_spawnattr_destroy(&attributes)
        for text in argv + environ { free(text) }
        posix_spawn_file_actions_destroy(&actions)
        close(outputEnds[1])
        close(errorEnds[1])
        pid = child
        guard status == 0 else { throw CannotStart() }
        let streams = DispatchGroup()
        read(outputEnds[0], streams) { [self] bytes in
            output.withLock { $0 += bytes }
        }
        read(errorEnds[0], streams) { [self] bytes in
            for line in takeLines(bytes) { add(line) }
        }
        streams.notify(queue: .global()) { [self] in
            var status: Int32 = 0
            waitpid(pid, &status, 0)
            let code = status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F)
            lines.withLock { lines in
                lines.isClosed = true
                lines.waiting.forEach { $0.continuation.resume(returning: false) }
                lines.waiting = []
            }
            ending.withLock { ending in
                ending.status = code
                ending.waiting.forEach { $0.resume(returning: code) }
                ending.waiting = []
            }
        }
    }

    private func takeLines(_ bytes: ArraySlice<UInt8>) -> [String] {
        unfinished.withLock { unfinished in
            unfinished += bytes
            var lines: [String] = []
            while let end = unfinished.firstIndex(of: UInt8(ascii: "\n")) {
                lines.append(String(decoding: unfinished[..<end], as: UTF8.self))
                unfinished.removeSubrange(...end)
            }
            return lines
        }
    }

    private func read(_ descriptor: Int32, _ group: DispatchGroup, _ take: @escaping @Sendable (ArraySlice<UInt8>) -> Void) {
        group.enter()
        let code = BackgroundThread.start("test") {
            var buffer = [UInt8](repeating: 0, count: 65536)
            while true {
                let count = Glibc.read(descriptor, &buffer, buffer.count)
                guard count > 0 else { break }
                take(buffer[..<count])
            }
            close(descriptor)
            group.leave()
        }
        precondition(code == 0, "the system allows no further thread")
    }

    private func add(_ line: String) {
        lines.withLock { lines in
            lines.all.append(line)
            for waiter in lines.waiting where line.contains(waiter.text) { waiter.continuation.resume(returning: true) }
            lines.waiting.removeAll { line.contains($0.text) }
        }
    }

    /// Waits for a line on standard error; false when the program ends without it.
    package func says(_ text: String) async -> Bool {
        await withCheckedContinuation { continuation in
            lines.withLock { lines in
                if lines.all.contains(where: { $0.contains(text) }) || lines.isClosed {
                    continuation.resume(returning: lines.all.contains { $0.contains(text) })
                } else {
                    lines.waiting.append((text, continuation))
                }
            }
        }
    }

    /// What it has printed on standard output until now.
    package var printed: String { output.withLock { String(decoding: $0, as: UTF8.self) } }

    /// Waits for a text on standard error.
    /// - Returns: false where it has not come within a minute, whether the program still runs or not.
    package func said(_ text: String) async -> Bool {
        await eventually(within: .seconds(60), every: .milliseconds(10)) { errors.contains(text) }
    }

    package var errors: String { lines.withLock { $0.all.joined(separator: "\n") } }

    package func send(_ signal: Int32) { kill(pid, signal) }

    /// Waits for its end.
    package func ended() async -> Ended {
        let status = await withCheckedContinuation { continuation in
            ending.withLock { ending in
                if let status = ending.status { continuation.resume(returning: status) } else { ending.waiting.append(continuation) }
            }
        }
        return Ended(status: status, output: output.withLock { String(decoding: $0, as: UTF8.self) }, errors: errors)
    }

    /// Runs a program to its end.
    package static func run(_ path: String, _ arguments: [String], environment: [String: String] = [:]) async throws -> Ended {
        try await Program(path, arguments, environment: environment).ended()
    }
}
