extension StringProtocol {
    /// Without white space and line breaks at both ends.
    package var trimmed: String {
        guard let start = firstIndex(where: { !$0.isWhitespace }), let end = lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return String(self[start...end])
    }
}

extension [UInt8] {
    /// The length of the UTF-8 byte order mark that the bytes begin with: 3, or 0 if there is none.
    package var byteOrderMark: Int { starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0 }
}
