import FoundationEssentials
import Glibc

/// A state directory for an agent without a configuration file: the one that systemd gives, or a new one that is removed with this object.
final class PassingDirectory: Sendable {
    let path: String
    private let isOwn: Bool

    init() throws(StateDirectory.Unusable) {
        let given = getenv("STATE_DIRECTORY").map { String(cString: $0) } ?? ""
        if let first = given.split(separator: ":").first {
            (path, isOwn) = (String(first), false)
            return
        }
        var template = Array("/tmp/agent-XXXXXX".utf8CString)
        guard template.withUnsafeMutableBufferPointer({ $0.baseAddress.flatMap { mkdtemp($0) } }) != nil else {
            throw .init(
                description: "cannot create a directory in /tmp: \(String(cString: strerror(errno))); name a configuration with --config")
        }
        path = String(decoding: template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        isOwn = true
    }

    deinit { if isOwn { try? FileManager.default.removeItem(atPath: path) } }
}
