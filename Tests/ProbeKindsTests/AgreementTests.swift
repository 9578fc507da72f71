import Certificates
import FoundationEssentials
import Probing
import Testing

@testable import ProbeKinds

@Suite struct AgreementTests {
    /// Certificates that differ by thumbprint and begin, newer with a higher number.
    private static func key(_ number: UInt8) -> CertificateFacts {
        let begin = Date(timeIntervalSince1970: 1_700_000_000 + Double(number) * 86400)
        let thumbprint =
            Thumbprint(digest: Array(repeating: number, count: 20)) ?? Thumbprint(digest: Array(repeating: UInt8(0), count: 20))
        guard let thumbprint else { preconditionFailure("twenty bytes are a thumbprint") }
        return CertificateFacts(
            thumbprint: thumbprint, fingerprintSHA256: "", subject: "", issuer: "", serialNumber: "", notBefore: begin, notAfter: begin + 1,
            keyType: .rsa, keyBits: 2048, signatureAlgorithm: "")
    }

    private struct Row: CustomTestStringConvertible {
        var testDescription: String
        var configured: UInt8?
        var published: [[UInt8]]
        var reference: UInt8?
        var outdated = false
    }

    private static let rows: [Row] = [
        Row(testDescription: "all as configured", configured: 1, published: [[1], [1]], reference: 1),
        Row(testDescription: "a previous key beside it", configured: 2, published: [[1, 2], [2]], reference: 2),
        Row(testDescription: "one server differs", configured: 1, published: [[2], [1], [1]], reference: 1),
        Row(testDescription: "all agree on another", configured: 1, published: [[2], [2]], reference: 2, outdated: true),
        Row(testDescription: "all differ from it and from each other", configured: 1, published: [[2], [3]], reference: 1),
        Row(testDescription: "nothing configured, all agree", configured: nil, published: [[1, 2], [2]], reference: 2),
        Row(testDescription: "nothing configured, most agree", configured: nil, published: [[3], [1], [1]], reference: 1),
        Row(testDescription: "nothing configured, a tie goes to the newer", configured: nil, published: [[1], [2]], reference: 2),
        Row(testDescription: "nothing seen", configured: nil, published: [], reference: nil),
        Row(testDescription: "nothing seen, one configured", configured: 1, published: [], reference: 1),
    ]

    @Test("the certificate all copies ought to be", arguments: rows)
    private func reference(row: Row) {
        let agreement = Agreement(
            configured: row.configured.map { Self.key($0).thumbprint }, published: row.published.map { $0.map(Self.key) })
        #expect(agreement.reference == row.reference.map { Self.key($0).thumbprint })
        #expect(agreement.isConfigurationOutdated == row.outdated)
    }

    @Test("slots: what AuthConfig names is current, newer is next, older previous; unknown where it was never seen")
    func slots() {
        let known = SlotAssignment(current: Self.key(2).thumbprint, facts: [1, 2, 3].map(Self.key), published: [1, 2, 3].map(Self.key))
        #expect([1, 2, 3].map { known[Self.key($0)] } == [.previous, .current, .next])
        let unseen = SlotAssignment(current: Self.key(9).thumbprint, facts: [Self.key(1)], published: [Self.key(1)])
        #expect(unseen[Self.key(1)] == .unknown)
        let unknown = SlotAssignment(current: nil, facts: [1, 2].map(Self.key), published: [1, 2].map(Self.key))
        #expect([1, 2].map { unknown[Self.key($0)] } == [.previous, .current])
    }
}
