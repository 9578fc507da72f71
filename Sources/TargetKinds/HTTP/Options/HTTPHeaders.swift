import HealthManager
import Transfers

/// The headers a module sends: `headers`, and `http_headers` with values, secrets and files.
struct HTTPHeaders: Sendable {
    /// Of `headers`, as written.
    var plain: [HeaderField] = []
    /// Of `http_headers`; the values that are secret never leave for another host.
    var further: [(name: String, value: Secret, isSecret: Bool)] = []

    /// What the exchange itself decides, or other options do.
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
            reader.error("'http_headers' may not set '\(name)': use 'headers' or the option for it", at: reader.location(of: name))
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
        reader.error("header '\(name)' cannot be sent: its name or its value holds a character that no header may", at: location)
    }

    /// The last one written, as a request has at most one.
    func value(of name: String) -> String? { plain.last { $0.isNamed(name) }?.value }

    /// - Throws: `Unreadable` for a file that is gone, or that holds what no header may.
    func fields() throws(Secret.Unreadable) -> [HeaderField] {
        var fields = plain
        for entry in further {
            var field = HeaderField(entry.name, try entry.value.read())
            field.isSecret = entry.isSecret
            guard HeaderField.areSendable([field]) else {
                throw Secret.Unreadable(clause: "the file for header '\(entry.name)' holds what no header may: more than one line")
            }
            fields.append(field)
        }
        return fields
    }
}
