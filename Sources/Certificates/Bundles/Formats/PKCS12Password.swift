/// A password that is tried on a PKCS#12 file. In this format, an empty one and none are different.
struct PKCS12Password: Sendable {
    /// Ended by NUL, which is not part of it.
    private var text: ContiguousArray<CChar>?

    /// Those given, then an empty one and none.
    static func candidates(_ given: [String]) -> [PKCS12Password] {
        (given + (given.contains("") ? [] : [""])).map { PKCS12Password(text: $0.utf8CString) } + [PKCS12Password(text: nil)]
    }

    /// Calls a function of OpenSSL with the password and its length in bytes.
    func use<Result>(_ body: (UnsafePointer<CChar>?, Int32) -> Result) -> Result {
        guard let text else { return body(nil, 0) }
        return text.withUnsafeBufferPointer { body($0.baseAddress, Int32(clamping: $0.count - 1)) }
    }
}
