import CCurl

/// One attribute of a certificate's name: `CN` with the value `mail.fabrikam.com`.
package struct NameAttribute: Sendable, Equatable {
    /// OpenSSL's short name (`CN`, `serialNumber`), or a dotted object identifier that OpenSSL has no name for.
    package let type: String
    package let value: String

    package init(_ type: String, _ value: String) {
        self.type = type
        self.value = value
    }

    /// The attributes of a name in the form of `CertificateFacts.subject`, in the same order; values are unescaped and decoded.
    package static func all(in name: String) -> [NameAttribute] {
        var bytes = name.utf8[...]
        var all: [NameAttribute] = []
        while let equals = bytes.firstIndex(of: UInt8(ascii: "=")) {
            let type = String(decoding: bytes[..<equals], as: UTF8.self)
            bytes = bytes[bytes.index(after: equals)...]
            let isEncoded = bytes.first == UInt8(ascii: "#")
            let value = nextValue(&bytes)
            all.append(NameAttribute(type, isEncoded ? decoded(value.dropFirst()) : String(decoding: value, as: UTF8.self)))
        }
        return all
    }

    /// The dotted object identifier of `type`; nil if there is none.
    package var objectIdentifier: String? {
        guard let object = OBJ_txt2obj(type, 0) else { return nil }
        defer { ASN1_OBJECT_free(object) }
        var text = [CChar](repeating: 0, count: 128)
        guard OBJ_obj2txt(&text, Int32(text.count), object, 1) > 0 else { return nil }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Takes the bytes up to the separator, and the separator itself.
    private static func nextValue(_ bytes: inout Substring.UTF8View) -> [UInt8] {
        var value: [UInt8] = []
        while let byte = bytes.popFirst(), byte != UInt8(ascii: ","), byte != UInt8(ascii: "+") {
            let digits = Substring(bytes.prefix(2))
            if byte != UInt8(ascii: "\\") {
                value.append(byte)
            } else if digits.utf8.count == 2, digits.allSatisfy(\.isHexDigit) {
                value += Hexadecimal.decode(String(digits))
                bytes = bytes.dropFirst(2)
            } else if let escaped = bytes.popFirst() {
                value.append(escaped)
            }
        }
        return value
    }

    /// The text of a string in DER, given as hexadecimal digits; empty if it is no text.
    private static func decoded(_ digits: ArraySlice<UInt8>) -> String {
        let der = Hexadecimal.decode(String(decoding: digits, as: UTF8.self))
        return der.withUnsafeBufferPointer { buffer in
            var cursor = buffer.baseAddress
            var text: UnsafeMutablePointer<UInt8>?
            let string = d2i_ASN1_PRINTABLE(nil, &cursor, buffer.count)
            defer { ASN1_PRINTABLE_free(string) }
            let length = string == nil ? -1 : ASN1_STRING_to_UTF8(&text, string)
            ERR_clear_error()
            guard let text, length >= 0 else { return "" }
            defer { agent_openssl_free(text) }
            return String(decoding: UnsafeBufferPointer(start: text, count: Int(length)), as: UTF8.self)
        }
    }
}

extension CertificateFacts {
    /// The most specific common name of the subject; empty if it has none.
    package var commonName: String { NameAttribute.all(in: subject).first { $0.type == "CN" }?.value ?? "" }

    /// The serial number in decimal digits; in hexadecimal ones, and cut off, if it is far longer than the twenty bytes that it may have.
    package var decimalSerialNumber: String {
        let longest = 128
        guard serialNumber.utf8.count <= longest else { return String(serialNumber.prefix(longest)) }
        var number: OpaquePointer?
        defer { BN_free(number) }
        guard BN_hex2bn(&number, serialNumber) > 0, let digits = BN_bn2dec(number) else { return serialNumber }
        defer { agent_openssl_free(digits) }
        return String(cString: digits)
    }
}
