import Addresses
import Documents

/// Looks up names in `/etc/hosts`.
///
/// c-ares's reader is not used, because since 1.34 it merges lines: a name at 127.0.0.1 also gets ::1 if both lines contain `localhost`.
struct HostsFile {
    private static let path = "/etc/hosts"
    private static let maximumSize = 16 << 20

    private let lines: [Substring]

    /// Reads the file; empty if it cannot be read.
    init() {
        let bytes = (try? RegularFile.read(Self.path, atMost: Self.maximumSize)) ?? []
        lines = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline)
    }

    /// The addresses of the lines that contain the name, in file order; empty if there are none.
    func addresses(of name: String) -> [NetworkAddress] {
        let name = name.lowercased()
        let bare = name.hasSuffix(".") ? String(name.dropLast()) : name
        return lines.compactMap { line in
            let words = line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace)
            guard words.dropFirst().contains(where: { $0.lowercased() == bare }) else { return nil }
            return words.first.flatMap { NetworkAddress(String($0)) }
        }
    }
}
