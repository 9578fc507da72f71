import FoundationEssentials
import Glibc
import Outbound
import Probing

struct FileAgeProbe: Probe {
    let options: FileAgeOptions

    func run(_ context: RunContext) async -> Outcome {
        var recorder = RunRecorder()
        var status = stat()
        let code = stat(options.path, &status) == 0 ? 0 : errno
        guard code == 0 else {
            let isMissing = [ENOENT, ENOTDIR].contains(code)
            recorder.find(
                Finding(
                    isMissing ? .failure : .unknown, stage: .config, reason: isMissing ? .snapshotMissing : .systemRefused,
                    sentence: "\(options.path): \(String(cString: strerror(code)))"))
            return recorder.outcome
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            recorder.find(
                Finding(.failure, stage: .config, reason: .snapshotMissing, sentence: "\(options.path) is not a regular file"))
            return recorder.outcome
        }
        let modified = Date(timeIntervalSince1970: Double(status.st_mtim.tv_sec))
        let age = Duration.seconds(context.date.timeIntervalSince(modified).rounded())
        recorder.sample(age.seconds)
        if age < .seconds(-60) {
            recorder.find(
                Finding(
                    .warning, stage: .config, reason: .clockSkew,
                    sentence: "\(options.path) was modified at \(modified.formatted(.iso8601)), which is in the future"))
        }
        if age > options.maximumAge {
            recorder.find(
                Finding(
                    .failure, stage: .config, reason: .snapshotStale,
                    sentence:
                        "\(options.path) was modified at \(modified.formatted(.iso8601)), \(DurationText.format(age)) ago; at most \(DurationText.format(options.maximumAge)) is accepted"
                ))
        }
        recorder.stage(.config, .passed, "modified at \(modified.formatted(.iso8601))")
        return recorder.outcome
    }
}
