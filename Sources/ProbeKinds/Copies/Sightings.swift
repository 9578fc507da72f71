import Certificates
import Documents
import FoundationEssentials
import HealthManager
package import Logging
import Synchronization

/// When each certificate was first and last seen where: `first-seen.json` in the state directory.
///
/// It is no cache: it outlives restarts and `kill -9`, so that a settling time goes on and a vanished certificate is remembered.
package final class Sightings: Sendable {
    struct Copy: Codable, Sendable {
        var server: String
        var source: OAuthCertificate.Source
        var thumbprint: String
        var firstSeen: Date
        /// Equal for all certificates one document showed last.
        var lastSeen: Date
        /// DER, base64.
        var certificate: Data
    }

    private struct File: Codable {
        var copies: [Copy]
    }

    private struct State {
        var copies: [Copy]
        var written: Date?
    }

    /// Copies kept of one server and source; a document holds at most sixteen keys.
    private static let limit = 32
    /// A date that moved on by less is not worth a write.
    private static let writeInterval: TimeInterval = 3600

    private let path: String
    private let isWritable: Bool
    private let logger: Logger
    private let state: Mutex<State>
    /// A few kilobytes each; thousands of servers fit.
    private static let sizeLimit = 256 << 20

    /// - Parameters:
    ///   - directory: the state directory; a file there that cannot be read is kept aside and begun anew.
    ///   - isWritable: false for a process that does not hold the directory's lock: it reads what it can.
    package init(directory: String, isWritable: Bool, logger: Logger) {
        path = directory + "/first-seen.json"
        self.logger = logger
        let copies = Self.read(path, isWritable: isWritable, logger: logger)
        state = Mutex(State(copies: copies ?? []))
        // What could not be read may still be good: it is not written over.
        self.isWritable = isWritable && copies != nil
    }

    /// When a certificate was first seen anywhere; nil if it never was.
    func firstSight(of thumbprint: Thumbprint) -> Date? {
        state.withLock { $0.copies.filter { $0.thumbprint == thumbprint.description }.map(\.firstSeen).min() }
    }

    /// What the last document of a source showed, with when that was.
    func last(server: String, source: OAuthCertificate.Source) -> [(facts: CertificateFacts, seen: Date)] {
        let copies = state.withLock { $0.copies.filter { $0.server == server && $0.source == source } }
        guard let newest = copies.map(\.lastSeen).max() else { return [] }
        return copies.filter { $0.lastSeen == newest }.compactMap { copy in
            (try? CertificateFacts.read(pemOrDER: Array(copy.certificate))).map { ($0, newest) }
        }
    }

    /// Notes what one document, or one file, shows now.
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

    /// What was noted under a later date was so while the clock was wrong: it was seen before now, and not in what is seen now.
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
                "cannot write what was seen; a settling time may begin again after a restart",
                metadata: ["path": "\(path)", "problem": "\(error)"])
            return false
        }
    }

    /// - Returns: nil where there is a file that cannot even be looked into.
    private static func read(_ path: String, isWritable: Bool, logger: Logger) -> [Copy]? {
        let bytes: [UInt8]
        do throws(FileUnreadable) { bytes = try RegularFile.read(path, atMost: sizeLimit) } catch {
            if error.problem == .missing { return [] }
            logger.error("what was seen before is not known, and is not kept", metadata: ["problem": "\(error)"])
            return nil
        }
        do { return try JSONText.decode(File.self, from: bytes).copies } catch {
            logger.error("what was seen before cannot be read; begun anew", metadata: ["path": "\(path)", "kept": "\(path).damaged"])
            if isWritable {
                try? FileManager.default.removeItem(atPath: path + ".damaged")
                try? FileManager.default.moveItem(atPath: path, toPath: path + ".damaged")
            }
            return []
        }
    }
}
