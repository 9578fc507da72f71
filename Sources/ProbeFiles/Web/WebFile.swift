import Certificates
import Documents
package import Monitoring
package import Probing

/// Reads a web configuration file in exporter-toolkit's format, strictly, with the certificates and keys that it names.
package struct WebFile: Sendable {
    private let path: String

    package init(path: String) { self.path = path }

    /// An empty file means that nothing is protected, as in exporter-toolkit.
    /// - Throws: `ConfigurationRefused` with all problems.
    package func read() throws(ConfigurationRefused) -> WebSettings {
        let file = YAMLFile(path: path)
        let notes = SettingsReader.Notes()
        let setting = try file.document(file.text(file.bytes())) ?? .empty(at: SourceLocation(path: path))
        let settings = settings(SettingsReader(setting, what: "the web configuration", notes: notes))
        guard !notes.hasErrors else { throw ConfigurationRefused(notes.diagnostics) }
        return settings
    }

    private func settings(_ reader: SettingsReader) -> WebSettings {
        var settings = WebSettings(path: path)
        settings.tls = reader.mapping("tls_server_config").flatMap(tls)
        if let http = reader.mapping("http_server_config") {
            settings.tls?.offersHTTP2 = http.bool("http2") ?? true
            settings.headers = headers(http)
            http.finish()
        }
        if let tls = settings.tls, tls.offersHTTP2 { checkForHTTP2(tls, reader) }
        settings.users = users(reader)
        if let limit = reader.mapping("rate_limit") {
            let interval = limit.duration("interval", allowZero: true) ?? .zero
            let burst = limit.integer("burst", in: 0...1_000_000) ?? 0
            if interval > .zero { settings.rateLimit = WebSettings.RateLimit(interval: interval, burst: burst) }
            limit.finish()
        }
        settings.openPaths = openPaths(reader)
        reader.finish()
        return settings
    }

    // MARK: TLS

    /// Nil if it names neither a certificate nor a key nor clients, and if it cannot be used, which is reported.
    private func tls(_ reader: SettingsReader) -> WebSettings.TLS? {
        defer { reader.finish() }
        let certificate = source(reader, "cert", limit: RegularFile.certificateLimit)
        let key = source(reader, "key", limit: RegularFile.credentialLimit)
        let roots = source(reader, "client_ca", limit: RegularFile.certificateLimit)
        let authentication = clientAuthentication(reader)
        var tls = WebSettings.TLS(certificate: certificate ?? [], key: key ?? [])
        tls.clientAuthentication = authentication ?? .none
        tls.clientRoots = roots
        tls.allowedClientNames = reader.strings("client_allowed_sans")
        tls.minimum = version(reader, "min_version") ?? .v1_2
        tls.maximum = version(reader, "max_version") ?? .v1_3
        tls.cipherSuites = cipherSuites(reader)
        // Which side chooses is without effect in exporter-toolkit too.
        _ = reader.bool("prefer_server_cipher_suites")
        tls.curves = curves(reader)
        guard has(reader, "cert") || has(reader, "key") || has(reader, "client_ca") || authentication != nil else { return nil }
        for name in ["cert", "key"] where !has(reader, name) {
            reader.error("'\(name)_file' is required for TLS (or '\(name)' with the PEM text)", at: reader.location)
        }
        if roots != nil, tls.clientAuthentication == .none {
            reader.error(
                "'client_ca_file' needs 'client_auth_type: RequireAndVerifyClientCert': without it, clients are not asked for a certificate",
                at: reader.location(of: reader.has("client_ca_file") ? "client_ca_file" : "client_ca"))
        }
        if tls.allowedClientNames != nil, tls.clientAuthentication == .none {
            reader.error(
                "'client_allowed_sans' needs 'client_auth_type: RequireAndVerifyClientCert': without it, clients are not asked for a certificate",
                at: reader.location(of: "client_allowed_sans"))
        }
        if let roots, CertificateFacts.count(pem: roots) == 0, tls.clientAuthentication != .none {
            reader.error(
                "'client_ca_file' contains no PEM certificate: no client is accepted", at: reader.location(of: "client_ca_file"))
        }
        if tls.minimum > tls.maximum {
            reader.error("'max_version' must not be lower than 'min_version'", at: reader.location(of: "max_version"))
        }
        return certificate == nil || key == nil ? nil : tls
    }

    private func has(_ reader: SettingsReader, _ name: String) -> Bool {
        [name, name + "_file"].contains { key in reader.string(key).map { !$0.isEmpty } ?? false }
    }

    /// PEM from `name` or from the file in `name_file`; nil for neither, or if the file cannot be read, which is reported.
    private func source(_ reader: SettingsReader, _ name: String, limit: Int) -> [UInt8]? {
        let text = reader.string(name).flatMap { $0.isEmpty ? nil : $0 }
        let file = reader.path(name + "_file").flatMap { $0.isEmpty ? nil : $0 }
        // As in exporter-toolkit, the file takes precedence.
        guard let file else { return text.map { Array($0.utf8) } }
        do throws(FileUnreadable) { return try RegularFile.read(file, atMost: limit) } catch {
            reader.error("'\(name)_file': \(error)", at: reader.location(of: name + "_file"))
            return nil
        }
    }

    private func clientAuthentication(_ reader: SettingsReader) -> WebSettings.TLS.ClientAuthentication? {
        guard let text = reader.string("client_auth_type"), !text.isEmpty else { return nil }
        // Its name in earlier versions.
        if text == "RequireClientCert" { return .requireAny }
        return choice(text, reader, "client_auth_type")
    }

    private func version(_ reader: SettingsReader, _ key: String) -> WebSettings.TLS.Version? {
        reader.string(key).flatMap { choice($0, reader, key) }
    }

    private func choice<Choice: RawRepresentable & CaseIterable>(_ text: String, _ reader: SettingsReader, _ key: String) -> Choice?
    where Choice.RawValue == String {
        if let choice = Choice(rawValue: text) { return choice }
        let known = Choice.allCases.map(\.rawValue).joined(separator: ", ")
        reader.error("'\(key)' must be one of \(known), found '\(text)'", at: reader.location(of: key))
        return nil
    }

    private func curves(_ reader: SettingsReader) -> [WebSettings.TLS.Curve] {
        (reader.strings("curve_preferences") ?? []).compactMap { choice($0, reader, "curve_preferences") }
    }

    private static let modern = ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"]
    private static let earlier = ["ECDSA", "RSA"].flatMap { key in
        ["AES_128_GCM_SHA256", "AES_256_GCM_SHA384", "CHACHA20_POLY1305_SHA256", "AES_128_CBC_SHA", "AES_256_CBC_SHA"]
            .map { "TLS_ECDHE_\(key)_WITH_\($0)" }
    }

    private func cipherSuites(_ reader: SettingsReader) -> [String] {
        (reader.strings("cipher_suites") ?? []).filter { name in
            if (Self.modern + Self.earlier).contains(name) { return true }
            let near = NearestName.among(Self.modern + Self.earlier, to: name).map { ", did you mean \($0)?" } ?? ""
            reader.error("'cipher_suites': unknown cipher suite '\(name)'\(near)", at: reader.location(of: "cipher_suites"))
            return false
        }
    }

    /// HTTP/2 requires one of two cipher suites, and exporter-toolkit does not start without.
    private func checkForHTTP2(_ tls: WebSettings.TLS, _ reader: SettingsReader) {
        let required = ["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"]
        guard !tls.cipherSuites.isEmpty, tls.minimum < .v1_3, !tls.cipherSuites.contains(where: required.contains) else { return }
        reader.error(
            "'cipher_suites' lacks one that HTTP/2 requires: add \(required[0]), or set 'http2: false' under 'http_server_config'",
            at: reader.location(of: "tls_server_config"))
    }

    // MARK: HTTP

    private static let headerValues: [String: [String]] = [
        "Content-Security-Policy": [], "Strict-Transport-Security": [], "X-Content-Type-Options": ["nosniff"],
        "X-Frame-Options": ["deny", "sameorigin"], "X-XSS-Protection": [],
    ]

    private func headers(_ reader: SettingsReader) -> [WebSettings.Header] {
        (reader.texts("headers") ?? []).compactMap { name, value, location in
            guard let accepted = Self.headerValues[name] else {
                reader.error(
                    "'headers': '\(name)' cannot be set; known headers: \(Self.headerValues.keys.sorted().joined(separator: ", "))",
                    at: location)
                return nil
            }
            guard accepted.isEmpty || accepted.contains(value) else {
                reader.error("'\(name)' must be \(accepted.joined(separator: " or ")), found '\(value)'", at: location)
                return nil
            }
            guard value.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) else {
                reader.error("'\(name)' has a character that is not allowed in a header", at: location)
                return nil
            }
            return value.isEmpty ? nil : WebSettings.Header(name: name, value: value)
        }
    }

    private func users(_ reader: SettingsReader) -> [String: String] {
        let pairs = (reader.texts("basic_auth_users") ?? []).compactMap { user, hash, location -> (String, String)? in
            guard !user.isEmpty, !user.contains(":") else {
                reader.error("'basic_auth_users': a user name must not be empty or contain a colon", at: location)
                return nil
            }
            guard Self.isBcrypt(hash) else {
                reader.error(
                    "'basic_auth_users': the value of '\(user)' is not a bcrypt hash of cost 4 to \(Self.mostCost): make one with htpasswd -nBC 10 \(user)",
                    at: location)
                return nil
            }
            return (user, hash)
        }
        return Dictionary(pairs) { first, _ in first }
    }

    /// With each further one a login takes twice as long, and others wait: seconds for this one.
    private static let mostCost = 16

    /// `$2y$10$`, and 53 characters of salt and digest.
    private static func isBcrypt(_ hash: String) -> Bool {
        let parts = hash.split(separator: "$", omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0].isEmpty, ["2a", "2b", "2y"].contains(parts[1]), parts[2].count == 2, let cost = Int(parts[2])
        else {
            return false
        }
        let isPlain = parts[3].utf8.allSatisfy { byte in
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
                || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "/")
        }
        return (4...mostCost).contains(cost) && parts[3].utf8.count == 53 && isPlain
    }

    private func openPaths(_ reader: SettingsReader) -> Set<String> {
        let known = ["/-/healthy", "/-/ready"]
        let paths = reader.strings("auth_excluded_paths") ?? []
        for path in paths where !known.contains(path) {
            reader.error(
                "'auth_excluded_paths' may name \(known.joined(separator: " and ")) only, found '\(path)'",
                at: reader.location(of: "auth_excluded_paths"))
        }
        return Set(paths)
    }
}
