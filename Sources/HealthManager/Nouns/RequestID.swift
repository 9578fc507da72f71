import FoundationEssentials
import Synchronization

/// Names one run: a UUID (version 8 of RFC 9562) of what is random to the process, and a count.
package struct RequestID: Sendable, Hashable, CustomStringConvertible {
    private static let process = UInt64.random(in: .min ... .max)
    private static let count = Atomic<UInt64>(0)

    private let number: UInt64

    package static func next() -> RequestID { RequestID(number: count.wrappingAdd(1, ordering: .relaxed).newValue) }

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
