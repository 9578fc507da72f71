/// Parses DER with OpenSSL.
enum DER {
    /// A `d2i` function of OpenSSL.
    typealias Parser<Object> = (UnsafeMutablePointer<Object?>?, UnsafeMutablePointer<UnsafePointer<UInt8>?>?, Int) -> Object?

    /// The object that is encoded in all of the bytes, which the caller releases; nil if they are something else, or if others follow.
    static func parse<Object>(_ bytes: UnsafeBufferPointer<UInt8>, _ parser: Parser<Object>, releasedBy release: (Object?) -> Void)
        -> Object?
    {
        var cursor = bytes.baseAddress
        guard let object = parser(nil, &cursor, bytes.count) else { return nil }
        guard isEnd(cursor, of: bytes) else {
            release(object)
            return nil
        }
        return object
    }

    static func isEnd(_ cursor: UnsafePointer<UInt8>?, of bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        cursor == bytes.baseAddress.map { $0 + bytes.count }
    }

    /// The size of the sequence that the bytes begin with, as its header has it; nil for one of indefinite length.
    /// - Throws: where the bytes do not begin as the sequences of certificate files do: with a sequence, a number, an identifier or an
    /// enumeration in it.
    static func sequenceSize(_ bytes: UnsafeBufferPointer<UInt8>) throws(NotSequence) -> Int? {
        guard bytes.count > 2, isSequence(bytes) else { throw NotSequence() }
        let form = bytes[1]
        let lengthSize = form > 0x80 ? Int(form - 0x80) : 0
        let header = 2 + lengthSize
        guard lengthSize <= 4, bytes.count > header, [0x30, 0x02, 0x06, 0x0A].contains(bytes[header]) else { throw NotSequence() }
        if form == 0x80 { return nil }
        return header + (form < 0x80 ? Int(form) : bytes[2..<header].reduce(0) { $0 << 8 | Int($1) })
    }

    /// Whether the bytes may begin with a sequence.
    static func isSequence(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool { bytes.first == 0x30 }

    struct NotSequence: Error {}
}
