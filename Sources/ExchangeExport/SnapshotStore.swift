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
        /// Of the last change of the inode: the time of the content can be set back.
        var changed: Int
    }

    private struct Known {
        var stamp: Stamp
        var reading: Reading
    }

    private let known = Mutex<[String: Known]>([:])

    package init() {}

    /// Reads a file unless it is as it was. One caller reads, others wait for it.
    package func read(_ path: String) -> Reading {
        known.withLock { known in
            let last = known[path]
            let stamp: Stamp
            do throws(FileUnreadable) { stamp = try Self.stamp(path) } catch { return Self.failed(error, last) }
            if let last, last.stamp == stamp { return last.reading }
            let reading: Reading
            do {
                reading = Reading(snapshot: try ExchangeSnapshot(try RegularFile.read(path, atMost: ExchangeSnapshot.sizeLimit)))
            } catch let error as FileUnreadable {
                return Self.failed(error, last)
            } catch {
                reading = Reading(snapshot: last?.reading.snapshot, problem: .unreadable("\(path) \(error)"))
            }
            known[path] = Known(stamp: stamp, reading: reading)
            return reading
        }
    }

    /// Forgets all snapshots.
    package func clear() { known.withLock { $0 = [:] } }

    private static func stamp(_ path: String) throws(FileUnreadable) -> Stamp {
        var status = stat()
        guard stat(path, &status) == 0 else { throw FileUnreadable(path: path, errno: errno) }
        return Stamp(
            inode: UInt64(status.st_ino), size: Int(status.st_size), seconds: status.st_mtim.tv_sec,
            nanoseconds: status.st_mtim.tv_nsec,
            changed: status.st_ctim.tv_sec &* 1_000_000_000 &+ status.st_ctim.tv_nsec)
    }

    private static func failed(_ error: FileUnreadable, _ last: Known?) -> Reading {
        let problem: Problem =
            error.isLocalLimit
            ? .systemLimit(error.description)
            : error.problem == .missing ? .missing(error.description) : .unreadable(error.description)
        return Reading(snapshot: last?.reading.snapshot, problem: problem)
    }
}
