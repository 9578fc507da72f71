import Glibc

/// The blocks of PEM text, found by their first and last lines; the text between them is skipped.
///
/// As in OpenSSL, such a line has nothing before its dashes, except that a byte order mark is skipped; spaces after them are ignored.
struct PEMBlocks: Sequence, IteratorProtocol {
    struct Block {
        enum Shape {
            case complete
            /// Another block begins, another type of block ends, or the text ends before its last line.
            case endless
            /// A last line without a first one.
            case beginless
        }

        /// `CERTIFICATE`: printable ASCII.
        var label: String
        /// The number of its first line, from 1.
        var line: Int
        var bytes: UnsafeBufferPointer<UInt8>
        var shape: Shape
    }

    private struct Marker {
        var isBegin: Bool
        var label: String
    }

    private static let begin = Array("-----BEGIN ".utf8)
    private static let end = Array("-----END ".utf8)
    private static let dashes = Array("-----".utf8)
    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]
    /// The maximum length of a line that is looked at, in bytes: OpenSSL's is 255.
    private static let lineLimit = 255

    private let text: UnsafeBufferPointer<UInt8>
    private var position = 0
    private var line = 0
    /// The block whose last line is still to come.
    private var open: (label: String, line: Int, start: Int)?

    /// - Parameter text: must outlive the blocks.
    init(_ text: UnsafeBufferPointer<UInt8>) { self.text = text }

    mutating func next() -> Block? {
        while position < text.count {
            line += 1
            let range = nextLine()
            guard let marker = Self.marker(text[range]) else { continue }
            let before = open
            open = marker.isBegin ? (marker.label, line, range.lowerBound) : nil
            if let before {
                let isComplete = !marker.isBegin && before.label == marker.label
                return block(before, to: isComplete ? position : range.lowerBound, isComplete ? .complete : .endless)
            } else if !marker.isBegin {
                return block((marker.label, line, range.lowerBound), to: position, .beginless)
            }
        }
        defer { open = nil }
        return open.map { block($0, to: text.count, .endless) }
    }

    private func block(_ start: (label: String, line: Int, start: Int), to end: Int, _ shape: Block.Shape) -> Block {
        Block(label: start.label, line: start.line, bytes: UnsafeBufferPointer(rebasing: text[start.start..<end]), shape: shape)
    }

    /// Takes the next line, without a byte order mark and its end.
    private mutating func nextLine() -> Range<Int> {
        let rest = UnsafeBufferPointer(rebasing: text[position...])
        var length = rest.count
        if let start = rest.baseAddress, let found = memchr(start, 0x0A, rest.count) {
            length = UnsafeRawPointer(found) - UnsafeRawPointer(start)
        }
        let start = position + (rest.prefix(length).starts(with: Self.byteOrderMark) ? Self.byteOrderMark.count : 0)
        let end = position + length
        position = Swift.min(end + 1, text.count)
        return start..<end
    }

    private static func marker(_ line: Slice<UnsafeBufferPointer<UInt8>>) -> Marker? {
        guard line.first == UInt8(ascii: "-"), line.count < lineLimit else { return nil }
        var line = line
        while let last = line.last, last <= 0x20 { line = line.dropLast() }
        let isBegin = line.starts(with: begin)
        guard isBegin || line.starts(with: end), line.suffix(dashes.count).elementsEqual(dashes) else { return nil }
        let label = line.dropFirst(isBegin ? begin.count : end.count).dropLast(dashes.count)
        guard !label.isEmpty, label.allSatisfy({ (0x20..<0x7F).contains($0) }) else { return nil }
        return Marker(isBegin: isBegin, label: String(decoding: label, as: UTF8.self))
    }
}
