import Documents
import FoundationEssentials
import Probing
import Transfers

struct WebSocketOptions: Sendable {
    struct Step: Sendable {
        /// The pattern for the next message; nil if the step does not wait for one.
        var expect: Pattern?
        /// May refer to capture groups of the pattern: `$1`.
        var send: [UInt8]
    }

    /// A value, or a file with the value that is read at each run.
    enum Value: Sendable {
        case text(String)
        case file(String)

        func read() throws(FileUnreadable) -> String {
            switch self {
            case .text(let text): return text
            case .file(let path):
                let text = String(decoding: try RegularFile.read(path, atMost: RegularFile.credentialLimit), as: UTF8.self)
                guard let last = text.lastIndex(where: { !$0.isWhitespace }) else { return "" }
                return String(text[...last].drop(while: \.isWhitespace))
            }
        }
    }

    enum Authorization: Sendable {
        case basic(user: Value, password: Value)
        case scheme(String, Value)
    }

    var address: AddressOptions
    var headers: [(name: String, value: Value)] = []
    var authorization: Authorization?
    var tls = TLSOptions()
    var steps: [Step]

    /// Headers that are set by the handshake itself.
    private static let reserved: Set<String> = [
        "upgrade", "connection", "sec-websocket-key", "sec-websocket-version", "sec-websocket-extensions",
    ]

    init(_ reader: SettingsReader, _ services: TargetServices) {
        address = AddressOptions(reader, hasSource: false)
        steps = (reader.settings("query_response") ?? []).map { setting in
            let step = SettingsReader(setting, what: "a step", notes: reader.notes)
            defer { step.finish() }
            return Step(expect: step.pattern("expect").flatMap { $0.text.isEmpty ? nil : $0 }, send: step.bytes("send") ?? [])
        }
        for (name, value, location) in reader.texts("headers") ?? [] {
            check(name, value, at: location, reader)
            headers.append((name, .text(value)))
        }
        guard let http = reader.mapping("http_config") else { return }
        authorization = Self.authorization(http)
        readHeaders(http)
        tls = TLSOptions(http.mapping("tls_config"), services)
        http.finish()
    }

    private func check(_ name: String, _ value: String, at location: SourceLocation, _ reader: SettingsReader) {
        if Self.reserved.contains(name.lowercased()) {
            reader.error("header '\(name)' cannot be set: the handshake sets it itself", at: location)
        } else if !HeaderField.areSendable([HeaderField(name, value)]) {
            reader.error("header '\(name)' cannot be sent: its name or value has a character that is not allowed", at: location)
        }
    }

    private mutating func readHeaders(_ http: SettingsReader) {
        guard let setting = http.setting("http_headers"), let mapping = http.mapping("http_headers"),
            case .mapping(let entries) = setting.value
        else { return }
        for entry in entries {
            guard let header = mapping.mapping(entry.key) else { continue }
            let texts = (header.strings("values") ?? []) + (header.strings("secrets") ?? [])
            for text in texts {
                check(entry.key, text, at: entry.keyLocation, http)
                headers.append((entry.key, .text(text)))
            }
            let files = header.strings("files") ?? []
            if texts.isEmpty { check(entry.key, "", at: entry.keyLocation, http) }
            // A relative path is resolved against the directory of the file it is written in.
            let folder = entry.keyLocation.path.lastIndex(of: "/").map { entry.keyLocation.path[...$0] } ?? ""
            headers += files.map { (entry.key, .file($0.hasPrefix("/") ? $0 : folder + $0)) }
            header.finish()
        }
    }

    private static func authorization(_ http: SettingsReader) -> Authorization? {
        let basic = http.mapping("basic_auth").map { reader -> Authorization in
            defer { reader.finish() }
            return .basic(user: value(reader, "username", "username_file"), password: value(reader, "password", "password_file"))
        }
        let other = http.mapping("authorization").map { reader -> Authorization in
            defer { reader.finish() }
            return .scheme(reader.string("type") ?? "Bearer", value(reader, "credentials", "credentials_file"))
        }
        let bearer =
            http.has("bearer_token") || http.has("bearer_token_file")
            ? Authorization.scheme("Bearer", value(http, "bearer_token", "bearer_token_file")) : nil
        let given = [basic, other, bearer].compactMap(\.self)
        if given.count > 1 {
            http.error("'basic_auth', 'authorization' and 'bearer_token' are mutually exclusive: keep one", at: http.location)
        }
        return given.first
    }

    private static func value(_ reader: SettingsReader, _ key: String, _ fileKey: String) -> Value {
        let (text, file) = (reader.string(key) ?? "", reader.path(fileKey) ?? "")
        if !text.isEmpty, !file.isEmpty {
            reader.error("'\(key)' and '\(fileKey)' are mutually exclusive: keep one", at: reader.location(of: fileKey))
        }
        return file.isEmpty ? .text(text) : .file(file)
    }

    /// All request headers except those of the handshake itself.
    func fields(userAgent: String) throws(FileUnreadable) -> [HeaderField] {
        var fields: [HeaderField] = []
        for (name, value) in headers { fields.append(HeaderField(name, try value.read())) }
        func has(_ name: String) -> Bool { fields.contains { $0.isNamed(name) } }
        if !has("user-agent") { fields.append(HeaderField("User-Agent", userAgent)) }
        guard let authorization, !has("authorization") else { return fields }
        switch authorization {
        case .basic(let user, let password):
            let pair = "\(try user.read()):\(try password.read())"
            fields.append(HeaderField("Authorization", "Basic " + Data(pair.utf8).base64EncodedString()))
        case .scheme(let scheme, let value): fields.append(HeaderField("Authorization", "\(scheme) \(try value.read())"))
        }
        return fields
    }
}
