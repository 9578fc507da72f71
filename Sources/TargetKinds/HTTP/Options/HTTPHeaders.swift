import Probing
import Transfers

/// The request headers of a module: `headers`, and `http_headers` with values, secrets and files.
struct HTTPHeaders: Sendable {
    /// From `headers`, as written.
    var plain: [HeaderField] = []
    /// From `http_headers`; secret values are never sent to another host.
    var further: [(name: String, value: Secret, isSecret: Bool)] = []

    /// Headers that are set by the client itself or by other options.
    private static let reserved: Set<String> = [
        "authorization", "host", "content-encoding", "content-length", "content-type", "user-agent", "connection", "keep-alive",
        "proxy-authenticate", "proxy-authorization", "www-authenticate", "accept-encoding",
    ]

    init() {}

    init(_ reader: SettingsReader) {
        for (name, value, location) in reader.texts("headers") ?? [] {
            let field = HeaderField(name, value)
            if HeaderField.areSendable([field]) { plain.append(field) } else { Self.refuse(name, reader, location) }
        }
        guard let nested = reader.mapping("http_headers") else { return }
        for name in nested.keys { further += Self.entries(name, nested) }
    }

    private static func entries(_ name: String, _ reader: SettingsReader) -> [(name: String, value: Secret, isSecret: Bool)] {
        guard let entry = reader.mapping(name) else { return [] }
        if reserved.contains(name.lowercased()) {
            reader.error("'http_headers' cannot set '\(name)': use 'headers' or the option for it", at: reader.location(of: name))
        }
        let (values, secrets) = (entry.strings("values") ?? [], entry.strings("secrets") ?? [])
        let files = entry.paths("files")
        entry.finish()
        if !HeaderField.areSendable((values + secrets + [""]).map { HeaderField(name, $0) }) {
            refuse(name, reader, reader.location(of: name))
        }
        return values.map { (name, .text($0), false) } + secrets.map { (name, .text($0), true) } + files.map { (name, .file($0), true) }
    }

    private static func refuse(_ name: String, _ reader: SettingsReader, _ location: SourceLocation) {
        reader.error("header '\(name)' cannot be sent: its name or value has a character that is not allowed", at: location)
    }

    /// The last value written for a header that a request has at most once.
    func value(of name: String) -> String? { plain.last { $0.isNamed(name) }?.value }

    /// - Throws: `Unreadable` if a file cannot be read or contains characters that are not allowed in a header.
    func fields() throws(Secret.Unreadable) -> [HeaderField] {
        var fields = plain
        for entry in further {
            var field = HeaderField(entry.name, try entry.value.read())
            field.isSecret = entry.isSecret
            guard HeaderField.areSendable([field]) else {
                throw Secret.Unreadable(
                    clause: "the file for header '\(entry.name)' contains a character that is not allowed in a header, such as a line break"
                )
            }
            fields.append(field)
        }
        return fields
    }
}
