/// Changes DER as no tool does.
enum TLV {
    /// An element of less than 64 KiB.
    static func element(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
        let length: [UInt8] =
            content.count < 0x80 ? [UInt8(content.count)] : [0x82, UInt8(content.count >> 8), UInt8(content.count & 0xFF)]
        return [tag] + length + content
    }

    /// The bytes with each element that is equal to `old` replaced, also within strings that contain DER, and with the lengths around it.
    static func replacing(_ old: [UInt8], with new: [UInt8], in bytes: [UInt8]) -> [UInt8] {
        elements(bytes)?.flatMap { tag, content, whole in
            if whole == old { return new }
            guard tag & 0x20 != 0 || tag == 0x04, elements(content) != nil else { return whole }
            return element(tag, replacing(old, with: new, in: content))
        } ?? bytes
    }

    /// Nil for bytes that are not elements to their end.
    private static func elements(_ bytes: [UInt8]) -> [(tag: UInt8, content: [UInt8], whole: [UInt8])]? {
        var all: [(UInt8, [UInt8], [UInt8])] = []
        var rest = bytes[...]
        while rest.count >= 2 {
            let start = rest
            let tag = rest.removeFirst()
            var length = Int(rest.removeFirst())
            if length >= 0x80 {
                let size = length - 0x80
                guard size <= 2, rest.count >= size else { return nil }
                length = rest.prefix(size).reduce(0) { $0 << 8 | Int($1) }
                rest = rest.dropFirst(size)
            }
            guard length <= rest.count else { return nil }
            let content = rest.prefix(length)
            rest = rest.dropFirst(length)
            all.append((tag, Array(content), Array(start[..<content.endIndex])))
        }
        return rest.isEmpty ? all : nil
    }
}
