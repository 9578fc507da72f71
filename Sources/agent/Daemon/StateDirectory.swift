import FoundationEssentials
import Glibc

/// The directory the agent keeps its state in, locked for as long as this value lives.
final class StateDirectory: Sendable {
    struct Unusable: Error, CustomStringConvertible {
        var description: String
    }

    let path: String
    private let descriptor: Int32

    /// Makes the directory if it is missing, mode 0700, and locks it.
    /// - Throws: `Unusable` with one sentence: not to be made, or held by another agent.
    init(_ path: String) throws(Unusable) {
        self.path = path
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw Unusable(description: "cannot make the state directory \(path): set 'stateDirectory' to one this user may write")
        }
        let file = path + "/agent.lock"
        descriptor = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw Unusable(
                description:
                    "cannot write in the state directory \(path): \(String(cString: strerror(errno))); run as its owner, or set 'stateDirectory'"
            )
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let holder = (try? String(decoding: Data(contentsOf: URL(filePath: file)), as: UTF8.self)).map { $0.filter(\.isNumber) } ?? ""
            close(descriptor)
            let who = holder.isEmpty ? "another agent" : "another agent (process \(holder))"
            throw Unusable(description: "\(who) runs on the state directory \(path): stop it, or set 'stateDirectory' to another one")
        }
        ftruncate(descriptor, 0)
        let pid = Array("\(getpid())\n".utf8)
        _ = write(descriptor, pid, pid.count)
    }

    deinit { close(descriptor) }
}
