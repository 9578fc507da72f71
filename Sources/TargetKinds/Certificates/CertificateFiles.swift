import Certificates
import Documents
import Glibc
import Synchronization

/// Reads certificate files, and keeps what was read until a file changes.
///
/// A change is recognised by the file's inode, size and times.
final class CertificateFiles: Sendable {
    /// What is in one file, or why it cannot be read.
    enum Content: Sendable {
        case certificates(CertificateBundle)
        /// It is a readable file of another kind, such as a private key.
        case none(String)
        case unreadable(Problem)
        /// It may be meant, but is damaged: one clause.
        case damaged(String)
    }

    enum Problem: Error, Sendable {
        case file(FileUnreadable)
        case content(CertificateBundle.Unreadable)
    }

    private struct Version: Hashable {
        var device: UInt
        var inode: UInt
        var size: Int
        var modified: [Int]

        /// Whether it changed so recently that another change may not be visible in its times.
        var isFresh: Bool { abs(time(nil) - modified[0]) <= 1 || abs(time(nil) - modified[2]) <= 1 }
    }

    /// The files of one pattern, read with the same passwords.
    struct Key: Hashable {
        var pattern: FilePattern
        var passwords: [String]
        /// Whether the certificates keep their `der`, which takes more than all else that is kept of them.
        var keepsDER: Bool
    }

    private struct Known {
        var version: Version
        var content: Content
    }

    /// Of patterns that are no longer looked at, the oldest is dropped.
    private static let mostPatterns = 200

    private let known = Mutex<(files: [Key: [String: Known]], order: [Key])>(([:], []))

    /// Forgets everything that was read.
    func clear() { known.withLock { $0 = ([:], []) } }

    /// Reads the files that have changed since the last call for this key.
    /// - Parameter goesOn: asked before each file; false ends the reading.
    /// - Returns: the content of each file, in the order of the paths; fewer than there are if the reading was ended.
    func contents(of paths: [String], _ key: Key, while goesOn: () -> Bool) -> [(path: String, content: Content)] {
        let before = known.withLock { $0.files[key] ?? [:] }
        var after: [String: Known] = [:]
        after.reserveCapacity(paths.count)
        var contents: [(path: String, content: Content)] = []
        contents.reserveCapacity(paths.count)
        for path in paths {
            guard goesOn() else { break }
            let version = Self.version(of: path)
            if let version, let earlier = before[path], earlier.version == version {
                after[path] = earlier
                contents.append((path, earlier.content))
                continue
            }
            let (content, dependsOnItself) = Self.read(path, key)
            // What could not be read may be readable without a change, and a file that has just changed may change again in the same moment.
            if let version, content.wasRead, dependsOnItself, !version.isFresh { after[path] = Known(version: version, content: content) }
            contents.append((path, content))
        }
        if contents.count < paths.count { after.merge(before) { new, _ in new } }
        let kept = after
        known.withLock { known in
            known.files[key] = kept
            known.order.removeAll { $0 == key }
            known.order.append(key)
            if known.order.count > Self.mostPatterns { known.files[known.order.removeFirst()] = nil }
        }
        return contents
    }

    private static func version(of path: String) -> Version? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        let times = [status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ctim.tv_sec, status.st_ctim.tv_nsec]
        return Version(device: UInt(status.st_dev), inode: UInt(status.st_ino), size: Int(status.st_size), modified: times)
    }

    /// - Returns: `dependsOnItself`: whether it can only change with the file.
    private static func read(_ path: String, _ key: Key) -> (Content, dependsOnItself: Bool) {
        let bytes: [UInt8]
        do throws(FileUnreadable) { bytes = try RegularFile.read(path, atMost: CertificateBundle.sizeLimit) } catch {
            return (.unreadable(.file(error)), true)
        }
        var fault: YAMLFault?
        do throws(YAMLFault) {
            if let document = try KubernetesDocument(bytes, path: path) {
                var bundle = CertificateBundle.read(document.groups, passwords: key.passwords)
                bundle.problems = document.problems + bundle.problems
                return (content(bundle, key), !document.hasReadFiles)
            }
        } catch { fault = error }
        do throws(CertificateBundle.Unreadable) {
            return (content(try CertificateBundle.read(bytes, passwords: key.passwords), key), true)
        } catch {
            guard error.cause == .notCertificates else { return (.unreadable(.content(error)), true) }
            guard let fault else { return (.none(error.description), true) }
            let place = fault.mark.map { " in line \($0.line)" } ?? ""
            return (.damaged("a Kubernetes document that is not valid\(place): \(fault.problem)"), true)
        }
    }

    private static func content(_ bundle: CertificateBundle, _ key: Key) -> Content {
        var bundle = bundle
        if !key.keepsDER { for index in bundle.entries.indices { bundle.entries[index].facts.der = [] } }
        return bundle.isEmpty ? .none("it contains no certificate") : .certificates(bundle)
    }
}

extension CertificateFiles.Content {
    fileprivate var wasRead: Bool { if case .unreadable(.file) = self { false } else { true } }
}
