import CIdn

/// Conversion of host names to the form used in DNS, TLS and HTTP.
package enum HostName {
    /// The ASCII form of a name (IDNA2008, UTS 46 non-transitional). A name in ASCII is returned unchanged and is not validated.
    /// - Returns: nil if the name is not a valid internationalized domain name.
    package static func ascii(_ name: String) -> String? {
        guard name.utf8.contains(where: { $0 >= 0x80 }) else { return name }
        guard !name.utf8.contains(0) else { return nil }
        var result: UnsafeMutablePointer<CChar>?
        let flags = Int32(IDN2_NFC_INPUT.rawValue | IDN2_NONTRANSITIONAL.rawValue)
        guard idn2_to_ascii_8z(name, &result, flags) == Int32(IDN2_OK.rawValue), let result else { return nil }
        defer { idn2_free(result) }
        let ascii = String(cString: result)
        // UTS 46 maps a full-width slash to a slash, and the like; libidn2's rule against this only drops them.
        let isHost = ascii.utf8.allSatisfy { byte in
            (48...57).contains(byte) || (97...122).contains(byte | 0x20) || "-._".utf8.contains(byte)
        }
        return isHost ? ascii : nil
    }

    /// The same for `host` or `host:port`.
    package static func ascii(authority: String) -> String? {
        guard let colon = authority.lastIndex(of: ":"), !authority.hasSuffix("]") else { return ascii(authority) }
        return ascii(String(authority[..<colon])).map { $0 + authority[colon...] }
    }
}
