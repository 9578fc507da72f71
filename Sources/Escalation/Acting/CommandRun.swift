import Documents
import Glibc
import Monitoring
import Probing
import Subprocess
import SystemPackage

/// Runs a command for an event: without a shell, in its own session under a supervisor, with limits on run time and captured output.
struct CommandRun: Sendable {
    /// In bytes.
    static let outputKept = 64 << 10
    /// Between SIGTERM and SIGKILL.
    static let grace: Duration = .seconds(5)
    /// In bytes. The kernel limits a single argument or environment variable to 128 KiB.
    private static let valueLimit = 16 << 10

    /// The supervisor program and its first arguments; the command and its arguments are appended.
    let supervisor: [String]
    let time: any TimeSource

    func run(
        _ command: [String], event: ResponderEvent, within timeout: Duration
    ) async -> ActionResult {
        guard let program = command.first, let input = try? JSONText.encode(event) else {
            return ActionResult(false, "no command is configured")
        }
        var options = PlatformOptions()
        options.createSession = true
        // On cancellation, give the supervisor time to end the command before it is killed.
        options.teardownSequence = [
            .send(signal: Signal(rawValue: CommandSupervisor.stop), allowedDurationToNextStep: Self.grace)
        ]
        let words = supervisor.dropFirst() + [program] + command.dropFirst().map { Self.filled($0, event) }
        let configuration = Configuration(
            executable: .path(FilePath(supervisor[0])), arguments: Arguments(Array(words)), environment: .custom(Self.environment(event)),
            platformOptions: options)
        let watch = CommandWatch(time: time)
        let output = CapturedOutput(limit: Self.outputKept)
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
                if watch.hasBegun { return ActionResult(false, "the exit status of \(program) is unknown: \(error)") }
                return ActionResult(false, "\(program) cannot be run: \(error)", isUndone: true)
            }
        }
    }

    private static func run(
        _ configuration: Configuration, _ input: [UInt8], _ watch: CommandWatch, _ output: CapturedOutput
    ) async throws -> TerminationStatus {
        let result = try await Subprocess.run(configuration, input: .inputWriter, output: .sequence, error: .sequence) { execution in
            watch.began(execution.processIdentifier.value)
            await withTaskGroup(of: Void.self) { group in
                // A command need not read its standard input.
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

    /// Reads to the end of the stream, or until the command has ended and only processes it left behind still write.
    private static func read(_ stream: SubprocessOutputSequence, _ watch: CommandWatch, _ output: CapturedOutput) async {
        // The capacity of a pipe: after the command's end, at most this much can still be its own output.
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
            // Unreadable output is dropped; the exit status is still reported.
        }
    }

    private static func judge(
        _ status: TerminationStatus, _ ending: CommandWatch.Ending?, _ timeout: Duration, _ output: String
    ) -> ActionResult {
        let text = output.isEmpty ? "" : "\n" + output
        let how =
            switch status {
            case .exited(let code): "exit status \(code)"
            case .signaled(let signal): "terminated by signal \(signal)"
            }
        switch ending {
        case nil: return ActionResult(status.isSuccess, how + text)
        case .terminated: return ActionResult(false, "timed out after \(DurationText.format(timeout)): sent SIGTERM, \(how)" + text)
        case .killed: return ActionResult(false, "timed out after \(DurationText.format(timeout)): killed, \(how)" + text)
        case .stopped: return ActionResult(false, "stopped because the agent is shutting down, \(how)" + text)
        }
    }

    /// The argument with each `{name}` of an event field replaced by its value. Substituted values are not expanded again.
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

    /// `PATH`, and one variable for each event field: `AGENT_HEALTH_SET` for `healthSet`.
    private static func environment(_ event: ResponderEvent) -> [Environment.Key: String] {
        let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        var environment: [Environment.Key: String] = ["PATH": path]
        for (name, value) in event.fields {
            let words = name.map { $0.isUppercase ? "_\($0)" : "\($0.uppercased())" }.joined()
            environment[Environment.Key(stringLiteral: "AGENT_" + words)] = clean(value)
        }
        return environment
    }

    /// Truncated to `valueLimit` and without NUL bytes.
    private static func clean(_ value: String) -> String {
        String(decoding: value.utf8.prefix(valueLimit).filter { $0 != 0 }, as: UTF8.self)
    }
}
