/// The encoding of text in Java's files: UTF-16 whose units are encoded in one to three bytes each, a NUL in two.
enum ModifiedUTF8 {
    /// What is not valid is replaced by U+FFFD.
    static func decode(_ bytes: some Sequence<UInt8>) -> String {
        var units: [UInt16] = []
        /// What has been read of a unit, and the number of bytes that it lacks.
        var unit: UInt16 = 0
        var missing = 0
        for byte in bytes {
            if byte & 0xC0 == 0x80, missing > 0 {
                unit = unit << 6 | UInt16(byte & 0x3F)
                missing -= 1
                if missing == 0 { units.append(unit) }
                continue
            }
            if missing > 0 { units.append(0xFFFD) }
            missing = 0
            switch byte {
            case 0..<0x80: units.append(UInt16(byte))
            case 0xC0..<0xE0: (unit, missing) = (UInt16(byte & 0x1F), 1)
            case 0xE0..<0xF0: (unit, missing) = (UInt16(byte & 0x0F), 2)
            default: units.append(0xFFFD)
            }
        }
        if missing > 0 { units.append(0xFFFD) }
        return String(decoding: units, as: UTF16.self)
    }
}
