import Certificates
import Documents
import FoundationEssentials

/// Why a file is not a snapshot. The description is a clause that can follow the file's path.
package struct SnapshotUnreadable: Error, Sendable, Hashable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}

extension ExchangeSnapshot {
    /// In bytes.
    package static let sizeLimit = 32 << 20
    private static let bounds = JSONBounds(values: 2_000_000)
    private static let longestText = 4096
    private static let mostServers = 5000

    /// Reads a snapshot: JSON in UTF-8, with or without a byte order mark, or the same object as `Export-Clixml` writes it.
    ///
    /// What it says is taken as it is, except what could mislead: names are one line of text, no server is listed twice, and a certificate is
    /// described as its DER is.
    package init(_ bytes: [UInt8]) throws(SnapshotUnreadable) {
        guard bytes.count <= Self.sizeLimit else {
            throw SnapshotUnreadable("is \(bytes.count) bytes long, the maximum is \(Self.sizeLimit)")
        }
        guard !CLIXML.isXML(bytes) else {
            self = try Self(json: try CLIXML.json(bytes))
            return
        }
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
            throw SnapshotUnreadable("is UTF-16: write it with 'Out-File -Encoding utf8'")
        }
        self = try Self(json: bytes)
    }

    private init(json bytes: [UInt8]) throws(SnapshotUnreadable) {
        // Checked for itself, because a decoder does not say where a document is cut off.
        do throws(JSONFault) { _ = try JSONTree(bytes, within: Self.bounds) } catch {
            throw SnapshotUnreadable("is \(error): it may be half-written, run Export-ExchangeFacts.ps1 again")
        }
        do { self = try JSONText.decode(Self.self, from: bytes.dropFirst(bytes.byteOrderMark)) } catch {
            throw SnapshotUnreadable("is no snapshot of this agent's format: \(Self.clause(error))")
        }
        guard schema == Self.schema else {
            throw SnapshotUnreadable(
                "has format \(schema), this agent reads \(Self.schema): use the Export-ExchangeFacts.ps1 of this agent")
        }
        try checkNames()
        try checkCertificates()
    }

    /// Refuses a certificate whose description is not that of the DER beside it.
    private func checkCertificates() throws(SnapshotUnreadable) {
        for server in servers {
            for certificate in server.certificates ?? [] {
                guard let text = certificate.certificate else { continue }
                let facts = Data(base64Encoded: text).flatMap { try? CertificateFacts.read(pemOrDER: Array($0)) }
                guard let facts, facts.thumbprint == certificate.thumbprint.value,
                    abs(facts.notBefore.timeIntervalSince(certificate.notBefore)) < 2,
                    abs(facts.notAfter.timeIntervalSince(certificate.notAfter)) < 2
                else {
                    let thumbprint = certificate.thumbprint.value?.description ?? ""
                    throw SnapshotUnreadable(
                        "describes the certificate \(thumbprint) of \(server.name) otherwise than its 'certificate' does")
                }
            }
        }
    }

    private func checkNames() throws(SnapshotUnreadable) {
        for (key, text) in [("organization.name", organization.name)] + servers.map({ ("servers.name", $0.name) }) {
            let isLine = text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
            guard !text.isEmpty, text.utf8.count <= Self.longestText, isLine else {
                throw SnapshotUnreadable("contains a '\(key)' that is not one line of text")
            }
        }
        guard servers.count <= Self.mostServers else {
            throw SnapshotUnreadable("contains \(servers.count) servers, at most \(Self.mostServers) are read")
        }
        for server in servers where !server.name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) {
            throw SnapshotUnreadable("contains a server whose name is not a host name: '\(server.name)'")
        }
        var known: Set<String> = []
        for server in servers where !known.insert(server.name.lowercased()).inserted {
            throw SnapshotUnreadable("contains the server '\(server.name)' twice")
        }
    }

    private static func clause(_ error: any Error) -> String {
        func path(_ keys: [any CodingKey]) -> String {
            keys.reduce("") { text, key in
                if let index = key.intValue { return text + "[\(index)]" }
                return text + (text.isEmpty ? "" : ".") + key.stringValue
            }
        }
        switch error {
        case DecodingError.keyNotFound(let key, let context): return "'\(path(context.codingPath + [key]))' is missing"
        case DecodingError.valueNotFound(_, let context): return "'\(path(context.codingPath))' is null"
        case DecodingError.typeMismatch(_, let context): return "'\(path(context.codingPath))' has the wrong type"
        case DecodingError.dataCorrupted(let context): return "'\(path(context.codingPath))': \(context.debugDescription)"
        default: return "it cannot be decoded"
        }
    }
}
