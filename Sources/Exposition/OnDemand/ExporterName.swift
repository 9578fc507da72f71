import Certificates

/// The names of certificates as blackbox_exporter writes them.
enum ExporterName {
    /// Attributes with names of their own, in the order of the text; all others follow as object identifiers.
    private static let named = ["SERIALNUMBER", "CN", "POSTALCODE", "STREET", "ST", "L", "OU", "O", "C"]

    /// - Parameter name: in the form of `CertificateFacts.subject`.
    static func text(_ name: String) -> String {
        // In the order of the certificate.
        let attributes = NameAttribute.all(in: name).reversed()
        let ordered = named.compactMap { type -> String? in
            let values = attributes.filter { $0.type.uppercased() == type }.map(\.value)
            let isSingle = type == "CN" || type == "SERIALNUMBER"
            let told = isSingle ? values.suffix(1).filter { !$0.isEmpty } : values
            return told.isEmpty ? nil : told.map { "\(type)=\(escaped($0))" }.joined(separator: "+")
        }
        let others = attributes.filter { !named.contains($0.type.uppercased()) }
        return (ordered + others.reversed().map(encoded)).joined(separator: ",")
    }

    private static func escaped(_ value: String) -> String {
        let bytes = Array(value.utf8)
        var text: [UInt8] = []
        for (index, byte) in bytes.enumerated() {
            let isSpecial = ",+\"\\<>;".utf8.contains(byte)
            let isOuterSpace = byte == UInt8(ascii: " ") && (index == 0 || index == bytes.count - 1)
            if isSpecial || isOuterSpace || byte == UInt8(ascii: "#") && index == 0 { text.append(UInt8(ascii: "\\")) }
            text.append(byte)
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The value in DER: a printable string if it can be one, otherwise one in UTF-8.
    private static func encoded(_ attribute: NameAttribute) -> String {
        let bytes = Array(attribute.value.utf8)
        let isPrintable = attribute.value.unicodeScalars.allSatisfy {
            $0.isASCII
                && ($0.properties.isAlphabetic || $0.properties.numericType == .decimal || " '()+,-./:=?".unicodeScalars.contains($0))
        }
        let length =
            bytes.count < 128
            ? [UInt8(bytes.count)]
            : bytes.count < 256
                ? [0x81, UInt8(bytes.count)]
                : [
                    0x82, UInt8(truncatingIfNeeded: bytes.count >> 8), UInt8(truncatingIfNeeded: bytes.count),
                ]
        let der = [isPrintable ? 0x13 : 0x0c] + length + bytes
        return "\(attribute.objectIdentifier ?? attribute.type)=#" + der.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
