import Documents
import FoundationEssentials
import Glibc
import Synchronization

/// Keeps the snapshot of each file, and reads the file again when it has changed.
package final class SnapshotStore: Sendable {
    /// The result of reading a file.
    package struct Reading: Sendable {
        /// The last readable one; nil if there was none since the start, or since `clear`.
        package var snapshot: ExchangeSnapshot?
        /// Why the file as it is now cannot be used; nil if `snapshot` is what it contains.
        package var problem: Problem?
    }

    /// Why a file cannot be used.
    package enum Problem: Sendable, Hashable {
        case missing(String)
        case unreadable(String)
        /// The agent ran out of descriptors or memory, which says nothing about the file.
        case systemLimit(String)
    }

    private struct Stamp: Equatable {
        var inode: UInt64
        var size: Int
        var seconds: Int
        var nanoseconds: Int
    }

    private struct Known {
        var stamp: Stamp
        var reading: Reading
    }

    private let known = Mutex<[String: Known]>([:])

    package init() {}

    /// Reads a file unless it is as it was; two callers may read it at once.
    package func read(_ path: String) -> Reading {
        var status = stat()
        guard stat(path, &status) == 0 else {
            return failed(path, FileUnreadable(path: path, errno: errno))
        }
        let stamp = Stamp(
            inode: UInt64(status.st_ino), size: Int(status.st_size), seconds: status.st_mtim.tv_sec, nanoseconds: status.st_mtim.tv_nsec)
        if let known = known.withLock({ $0[path] }), known.stamp == stamp { return known.reading }
        let reading: Reading
        do {
            reading = Reading(snapshot: try ExchangeSnapshot(try RegularFile.read(path, atMost: ExchangeSnapshot.sizeLimit)))
        } catch let error as FileUnreadable {
            return failed(path, error)
        } catch {
            reading = Reading(snapshot: last(path), problem: .unreadable("\(path) \(error)"))
        }
        known.withLock { $0[path] = Known(stamp: stamp, reading: reading) }
        return reading
    }

    /// Forgets all snapshots.
    package func clear() { known.withLock { $0 = [:] } }

    private func last(_ path: String) -> ExchangeSnapshot? { known.withLock { $0[path]?.reading.snapshot } }

    private func failed(_ path: String, _ error: FileUnreadable) -> Reading {
        let problem: Problem =
            error.isOwnWant
            ? .systemLimit(error.description)
            : error.problem == .missing ? .missing(error.description) : .unreadable(error.description)
        return Reading(snapshot: last(path), problem: problem)
    }
}
