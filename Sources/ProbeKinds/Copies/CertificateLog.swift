import Certificates
import Documents
import FoundationEssentials
package import Logging
import Probing
import Synchronization

/// Records when each certificate was first and last seen on each server, in `first-seen.json` in the state directory.
///
/// It is not a cache: it survives restarts and `kill -9`, so that settling times continue and a certificate that disappeared is remembered.
package final class CertificateLog: Sendable {
    struct Copy: Codable, Sendable {
        var server: String
        var source: OAuthCertificate.Source
        var thumbprint: String
        var firstSeen: Date
        /// The same for all certificates in the latest document.
        var lastSeen: Date
        /// DER; encoded as Base64.
        var certificate: Data
    }

    private struct File: Codable {
        var copies: [Copy]
    }

    private struct State {
        var copies: [Copy]
        var written: Date?
    }

    /// Maximum number of copies kept per server and source; a document has at most 16 keys.
    private static let limit = 32
    /// `lastSeen` alone is written to disk at most this often, in seconds.
    private static let writeInterval: TimeInterval = 3600

    private let path: String
    private let isWritable: Bool
    private let logger: Logger
    private let state: Mutex<State>
    /// Maximum size of the file: a copy takes a few kilobytes, so this is enough for thousands of servers.
    private static let sizeLimit = 256 << 20

    /// - Parameters:
    ///   - directory: the state directory; a damaged file there is renamed, and a new one is started.
    ///   - isWritable: false for a process that does not hold the directory's lock: it only reads.
    package init(directory: String, isWritable: Bool, logger: Logger) {
        path = directory + "/first-seen.json"
        self.logger = logger
        let copies = Self.read(path, isWritable: isWritable, logger: logger)
        state = Mutex(State(copies: copies ?? []))
        // A file that could not be opened may still be intact: it is not overwritten.
        self.isWritable = isWritable && copies != nil
    }

    /// When a certificate was first seen on any server; nil if it never was.
    func firstSight(of thumbprint: Thumbprint) -> Date? {
        state.withLock { $0.copies.filter { $0.thumbprint == thumbprint.description }.map(\.firstSeen).min() }
    }

    /// The certificates in the latest document of a source, and when it was seen.
    func last(server: String, source: OAuthCertificate.Source) -> [(facts: CertificateFacts, seen: Date)] {
        let copies = state.withLock { $0.copies.filter { $0.server == server && $0.source == source } }
        guard let newest = copies.map(\.lastSeen).max() else { return [] }
        return copies.filter { $0.lastSeen == newest }.compactMap { copy in
            (try? CertificateFacts.read(pemOrDER: Array(copy.certificate))).map { ($0, newest) }
        }
    }

    /// Records the certificates in one document or file.
    func note(_ facts: [CertificateFacts], server: String, source: OAuthCertificate.Source, at date: Date) {
        guard !facts.isEmpty else { return }
        state.withLock { state in
            var isNew = false
            Self.correct(&state.copies, server: server, source: source, at: date)
            for certificate in facts {
                let thumbprint = certificate.thumbprint.description
                let index = state.copies.firstIndex { $0.server == server && $0.source == source && $0.thumbprint == thumbprint }
                if let index {
                    state.copies[index].lastSeen = date
                } else {
                    isNew = true
                    state.copies.append(
                        Copy(
                            server: server, source: source, thumbprint: thumbprint, firstSeen: date, lastSeen: date,
                            certificate: Data(certificate.der)))
                }
            }
            Self.prune(&state.copies, server: server, source: source)
            let isDue = state.written.map { abs(date.timeIntervalSince($0)) >= Self.writeInterval } ?? true
            if isWritable, isNew || isDue, write(state.copies) { state.written = date }
        }
    }

    /// Corrects dates in the future, recorded while the clock was wrong: those copies were seen before `date`.
    private static func correct(_ copies: inout [Copy], server: String, source: OAuthCertificate.Source, at date: Date) {
        for index in copies.indices where copies[index].server == server && copies[index].source == source {
            copies[index].firstSeen = min(copies[index].firstSeen, date)
            copies[index].lastSeen = min(copies[index].lastSeen, date.addingTimeInterval(-1))
        }
    }

    private static func prune(_ copies: inout [Copy], server: String, source: OAuthCertificate.Source) {
        let mine = copies.filter { $0.server == server && $0.source == source }.sorted { $0.lastSeen > $1.lastSeen }
        guard mine.count > limit else { return }
        let kept = Set(mine.prefix(limit).map(\.thumbprint))
        copies.removeAll { $0.server == server && $0.source == source && !kept.contains($0.thumbprint) }
    }

    private func write(_ copies: [Copy]) -> Bool {
        do {
            let bytes = try JSONText.encode(File(copies: copies), pretty: true)
            try RegularFile.replace(path, with: bytes)
            return true
        } catch {
            logger.error(
                "cannot save the certificates seen; settling times may start again after a restart",
                metadata: ["path": "\(path)", "problem": "\(error)"])
            return false
        }
    }

    /// - Returns: nil if the file exists but cannot be read; empty if it does not exist or is damaged.
    private static func read(_ path: String, isWritable: Bool, logger: Logger) -> [Copy]? {
        let bytes: [UInt8]
        do throws(FileUnreadable) { bytes = try RegularFile.read(path, atMost: sizeLimit) } catch {
            if error.problem == .missing { return [] }
            logger.error("cannot read the certificates seen earlier; new ones are not saved", metadata: ["problem": "\(error)"])
            return nil
        }
        do { return try JSONText.decode(File.self, from: bytes).copies } catch {
            logger.error(
                "the file of certificates seen earlier is damaged; starting a new one",
                metadata: ["path": "\(path)", "kept": "\(path).damaged"])
            if isWritable {
                try? FileManager.default.removeItem(atPath: path + ".damaged")
                try? FileManager.default.moveItem(atPath: path, toPath: path + ".damaged")
            }
            return []
        }
    }
}
