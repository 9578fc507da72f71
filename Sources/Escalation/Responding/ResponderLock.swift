import Concurrency
import Documents
import FoundationEssentials
import Glibc
import Monitoring

/// The lock file that decides which of several agents runs webhooks and commands: the one that holds the lock does, the others stand by.
///
/// The kernel releases the lock when its holder ends, however it ends. The file records which actions were made, so that the next holder
/// repeats none.
package actor ResponderLock {
    enum Standing: Sendable, Equatable {
        case held
        /// - Parameter by: the machine and process that hold it; empty if they are not known.
        case heldElsewhere(by: String)
        /// As a sentence.
        case unusable(String)
    }

    /// The largest file that is read.
    private static let sizeLimit = 64 << 20
    /// In bytes; a larger file is reduced to what still matters.
    private static let reducedAbove = 1 << 20

    package nonisolated let path: String
    private let executor = ThreadExecutor("responder-lock")
    private var descriptor: Int32?
    private var size = 0
    private var reduceAbove = ResponderLock.reducedAbove

    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// - Parameter path: of the file; created by the first `check` if there is none.
    package init(_ path: String) { self.path = path }

    deinit { if let descriptor { close(descriptor) } }

    /// Takes the lock if it is free. A lock whose file has been removed or replaced is no longer held.
    func check() -> Standing {
        if let descriptor {
            if isCurrent(descriptor) { return .held }
            close(descriptor)
            self.descriptor = nil
        }
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0o660)
        guard file >= 0 else { return unusable("cannot be opened: \(String(cString: strerror(errno)))") }
        var status = stat()
        guard fstat(file, &status) == 0, RegularFile.shape(status.st_mode) == nil else {
            close(file)
            return unusable("is not a regular file")
        }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            let holder = holder(file)
            close(file)
            return code == EWOULDBLOCK ? .heldElsewhere(by: holder) : unusable("cannot be locked: \(String(cString: strerror(code)))")
        }
        guard isCurrent(file) else {
            close(file)
            return .heldElsewhere(by: "")
        }
        descriptor = file
        return .held
    }

    private func unusable(_ clause: String) -> Standing {
        .unusable("the responder lock \(path) \(clause); give this user read and write permission, or set 'responderLock' to another path")
    }

    /// Whether the lock is held now.
    func isHeld() -> Bool { descriptor.map(isCurrent) ?? false }

    /// What earlier holders did, reduced to what still matters; names this process as the holder. Only for the holder.
    /// - Throws: if the file cannot be read: what was done is then not known.
    func takeOver(at now: Date) throws(FileUnreadable) -> ActionRecords {
        let records = ActionRecords(lines: try RegularFile.read(path, atMost: Self.sizeLimit), at: now)
        rewrite(records)
        return records
    }

    /// Adds lines to the file. Only for the holder.
    /// - Returns: whether they were written.
    @discardableResult func record(_ lines: [ActionRecords.Line], at now: Date) -> Bool {
        guard let descriptor, isCurrent(descriptor) else { return false }
        let bytes = lines.flatMap(Self.encoded)
        guard write(bytes, to: descriptor, at: size) else { return false }
        size += bytes.count
        if size > reduceAbove, let all = try? RegularFile.read(path, atMost: Self.sizeLimit) {
            rewrite(ActionRecords(lines: all, at: now))
        }
        return true
    }

    private func rewrite(_ records: ActionRecords) {
        guard let descriptor else { return }
        let bytes = ([.holder(Self.name)] + records.lines).flatMap(Self.encoded)
        // Written over the old text before that is cut off: lines that are left by a sudden end repeat what the new ones say.
        guard write(bytes, to: descriptor, at: 0) else { return }
        ftruncate(descriptor, bytes.count)
        size = bytes.count
        reduceAbove = max(Self.reducedAbove, 2 * size)
    }

    private static func encoded(_ line: ActionRecords.Line) -> [UInt8] { ((try? JSONText.encode(line)) ?? []) + [UInt8(ascii: "\n")] }

    private func write(_ bytes: [UInt8], to descriptor: Int32, at offset: Int) -> Bool {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes {
                pwrite(descriptor, $0.baseAddress?.advanced(by: written), $0.count - written, offset + written)
            }
            if count > 0 { written += count } else if errno != EINTR { return false }
        }
        return true
    }

    /// Whether the opened file is still the one at the path.
    private func isCurrent(_ descriptor: Int32) -> Bool {
        var (opened, named) = (stat(), stat())
        return fstat(descriptor, &opened) == 0 && lstat(path, &named) == 0 && opened.st_dev == named.st_dev
            && opened.st_ino == named.st_ino
    }

    private func holder(_ file: Int32) -> String {
        var bytes = [UInt8](repeating: 0, count: 512)
        let count = pread(file, &bytes, bytes.count, 0)
        let first = bytes.prefix(max(0, count)).prefix { $0 != UInt8(ascii: "\n") }
        guard let line = try? JSONText.decode(ActionRecords.Line.self, from: first) else { return "" }
        return line.holder ?? ""
    }

    /// `HOST, process PID`.
    private static let name: String = {
        var bytes = [CChar](repeating: 0, count: 256)
        gethostname(&bytes, bytes.count - 1)
        let host = String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return "\(host), process \(getpid())"
    }()
}
