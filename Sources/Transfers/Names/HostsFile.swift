import Addresses
import Documents

/// What `/etc/hosts` says of a name.
///
/// c-ares has a reader of its own, which since 1.34 joins lines: a name at 127.0.0.1 is given ::1 too where both bear `localhost`.
struct HostsFile {
    private static let path = "/etc/hosts"
    private static let maximumSize = 16 << 20

    private let lines: [Substring]

    /// Reads the file as it is now; empty where it can't be read.
    init() {
        let bytes = (try? RegularFile.read(Self.path, atMost: Self.maximumSize)) ?? []
        lines = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline)
    }

    /// The addresses of the lines that bear the name, in the order of the file; empty where none does.
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
