import FoundationEssentials
import Glibc
import HealthManager
import Subprocess
import SystemPackage

/// Runs a command for an event: no shell, a session of its own under a supervisor, bounded in time and in what is kept of its output.
struct CommandRun: Sendable {
    static let outputKept = 64 << 10
    /// Between asking a command to end and killing it.
    static let grace: Duration = .seconds(5)
    /// The kernel refuses arguments and variables over 128 KiB.
    private static let valueLimit = 16 << 10

    /// The program that supervises, and its first arguments; those of the command follow.
    let supervisor: [String]
    let time: any TimeSource

    func run(
        _ command: [String], event: ResponderEvent, within timeout: Duration
    ) async -> ActionResult {
        guard let program = command.first, let input = try? JSONText.encode(event) else {
            return ActionResult(false, "there is no command")
        }
        var options = PlatformOptions()
        options.createSession = true
        // Cancelled, the supervisor is not killed before it has ended the command.
        options.teardownSequence = [
            .send(signal: Signal(rawValue: CommandSupervisor.stop), allowedDurationToNextStep: Self.grace)
        ]
        let words = supervisor.dropFirst() + [program] + command.dropFirst().map { Self.filled($0, event) }
        let configuration = Configuration(
            executable: .path(FilePath(supervisor[0])), arguments: Arguments(Array(words)), environment: .custom(Self.environment(event)),
            platformOptions: options)
        let watch = CommandWatch(time: time)
        let output = KeptOutput(limit: Self.outputKept)
        let limit = time.elapsed + timeout
        return await withTaskGroup(of: Void.self) { group in
            group.addTask { await watch.run(until: limit, grace: Self.grace) }
            defer { group.cancelAll() }
            do {
                let status = try await Self.run(configuration, input, watch, output)
                let text = output.text
                if watch.ending == nil, status == .exited(CommandSupervisor.refusalStatus), text.hasPrefix(CommandSupervisor.refusal) {
                    let why = text.dropFirst(CommandSupervisor.refusal.count)
                    return ActionResult(false, "\(program) cannot be run: \(why)", isUndone: true)
                }
                return Self.judge(status, watch.ending, timeout, text)
            } catch {
                watch.ended()
                if watch.hasBegun { return ActionResult(false, "how \(program) ended is not known: \(error)") }
                return ActionResult(false, "\(program) cannot be run: \(error)", isUndone: true)
            }
        }
    }

    private static func run(
        _ configuration: Configuration, _ input: [UInt8], _ watch: CommandWatch, _ output: KeptOutput
    ) async throws -> TerminationStatus {
        let result = try await Subprocess.run(configuration, input: .inputWriter, output: .sequence, error: .sequence) { execution in
            watch.began(execution.processIdentifier.value)
            await withTaskGroup(of: Void.self) { group in
                // A command need not read what it is told.
                group.addTask {
                    _ = try? await execution.standardInputWriter.write(input)
                    try? await execution.standardInputWriter.finish()
                }
                group.addTask { await read(execution.standardOutput, watch, output) }
                group.addTask { await read(execution.standardError, watch, output) }
            }
        }
        watch.ended()
        return result.terminationStatus
    }

    /// Reads to the end, or until the command has ended and what it left behind goes on printing.
    private static func read(_ stream: SubprocessOutputSequence, _ watch: CommandWatch, _ output: KeptOutput) async {
        // What a pipe holds: of what comes after the command's end, no more can be its own.
        var left = 64 << 10
        var hasEnded = false
        do {
            for try await buffer in stream {
                let isWanted = buffer.withUnsafeBytes { output.take($0) }
                if hasEnded { left -= buffer.count }
                if left <= 0 { return }
                hasEnded = hasEnded || !isWanted && watch.hasEnded
            }
        } catch {
            // What cannot be read is not kept; how the command ended is told all the same.
        }
    }

    private static func judge(
        _ status: TerminationStatus, _ ending: CommandWatch.Ending?, _ timeout: Duration, _ output: String
    ) -> ActionResult {
        let text = output.isEmpty ? "" : "\n" + output
        let how =
            switch status {
            case .exited(let code): "exit status \(code)"
            case .signaled(let signal): "ended by signal \(signal)"
            }
        switch ending {
        case nil: return ActionResult(status.isSuccess, how + text)
        case .terminated: return ActionResult(false, "not over within \(DurationText.format(timeout)): asked to end, \(how)" + text)
        case .killed: return ActionResult(false, "not over within \(DurationText.format(timeout)): killed, \(how)" + text)
        case .stopped: return ActionResult(false, "stopped with the agent, \(how)" + text)
        }
    }

    /// The argument with each `{name}` of the event's fields replaced, once: what comes in is not looked at again.
    static func filled(_ argument: String, _ event: ResponderEvent) -> String {
        let values = Dictionary(event.fields.map { ($0.name, clean($0.value)) }) { first, _ in first }
        var filled = ""
        var rest = argument[...]
        while let open = rest.firstIndex(of: "{") {
            filled += rest[..<open]
            let after = rest[rest.index(after: open)...]
            if let close = after.firstIndex(of: "}"), let value = values[String(after[..<close])] {
                filled += value
                rest = after[after.index(after: close)...]
            } else {
                filled += "{"
                rest = after
            }
        }
        return filled + rest
    }

    /// `PATH`, and `AGENT_HEALTH_SET` for `healthSet`.
    private static func environment(_ event: ResponderEvent) -> [Environment.Key: String] {
        let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        var environment: [Environment.Key: String] = ["PATH": path]
        for (name, value) in event.fields {
            let words = name.map { $0.isUppercase ? "_\($0)" : "\($0.uppercased())" }.joined()
            environment[Environment.Key(stringLiteral: "AGENT_" + words)] = clean(value)
        }
        return environment
    }

    /// Short enough for the kernel, and without the byte that ends a text in C.
    private static func clean(_ value: String) -> String {
        String(decoding: value.utf8.prefix(valueLimit).filter { $0 != 0 }, as: UTF8.self)
    }
}
