import FoundationEssentials
import Synchronization

/// Identifies one run: a UUID (RFC 9562, version 8) of a random number per process and a counter.
package struct RequestID: Sendable, Hashable, CustomStringConvertible {
    private static let process = UInt64.random(in: .min ... .max)
    private static let count = Atomic<UInt64>(0)

    private let number: UInt64

    private init(number: UInt64) { self.number = number }

    /// A new ID, unique within the process. May be called from any thread.
    package static func next() -> RequestID { RequestID(number: count.wrappingAdd(1, ordering: .relaxed).newValue) }

    /// An ID that this process has given out, or could; nil for any other text. Case is ignored.
    package init?(_ text: String) {
        guard let uuid = UUID(uuidString: text)?.uuid else { return nil }
        let low = [uuid.8 & 0x3F, uuid.9, uuid.10, uuid.11, uuid.12, uuid.13, uuid.14, uuid.15]
        number = low.reduce(0) { $0 << 8 | UInt64($1) }
        guard description == text.lowercased() else { return nil }
    }

    package var description: String {
        let words = [Self.process.bigEndian, number.bigEndian]
        let bytes = words.withUnsafeBytes { Array($0) }
        let uuid = UUID(
            uuid: (
                bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5], bytes[6] & 0x0F | 0x80, bytes[7], bytes[8] & 0x3F | 0x80,
                bytes[9],
                bytes[10], bytes[11], bytes[12], bytes[13], bytes[14], bytes[15]
            ))
        return uuid.uuidString.lowercased()
    }
}
