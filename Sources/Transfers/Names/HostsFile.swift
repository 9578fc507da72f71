import Addresses
import Glibc

/// What `/etc/hosts` says of a name.
struct HostsFile {
    private static let path = "/etc/hosts"
    private static let maximumSize = 1 << 18

    private let lines: [Substring]

    /// Reads the file as it is now; empty where it can't be read.
    init() {
        let file = Descriptor(open(Self.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK))
        let text = String(unsafeUninitializedCapacity: Self.maximumSize) { max(0, read(file.number, $0.baseAddress, $0.count)) }
        lines = text.split(separator: "\n")
    }

    /// The addresses of the lines that bear the name; empty where none does.
    func addresses(of name: String) -> [NetworkAddress] {
        lines.compactMap { line in
            let words = line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace)
            guard words.dropFirst().contains(where: { $0.lowercased() == name.lowercased() }) else { return nil }
            return words.first.flatMap { NetworkAddress(String($0)) }
        }
    }
}
