import FoundationEssentials
package import Probing

/// Definitions made of another exporter's configuration: blackbox_exporter's and ssl_exporter's modules, x509-certificate-exporter's sources.
package struct ImportedFile: Sendable {
    /// One definition as the text of a file.
    package struct Definition: Sendable {
        /// `http_2xx.yaml`: the name of the definition.
        package var fileName: String
        package var text: String
    }

    /// In the order of the file.
    package private(set) var definitions: [Definition] = []
    /// What could not be carried over, with its place in the file, in its order.
    package private(set) var notes: [Diagnostic] = []

    /// Reads the file, whose format is recognised by its keys.
    /// - Throws: `ConfigurationRefused` if it cannot be read, or is none of these files.
    package init(path: String) throws(ConfigurationRefused) {
        let setting = try YAMLFile(path: path).read()
        var keys = Keys(setting)
        if let sources = keys.take("sources") {
            for source in sources.items { importSource(source) }
            leave(keys, "", "concerns the exporter, not what it watches")
        } else if let modules = keys.take("modules") {
            let isSSL =
                setting.entries.contains { $0.key == "default_module" } || modules.entries.contains { Self.isOfSSLExporter($0.value) }
            for (name, module) in modules.entries {
                if isSSL { importSSL(name, module) } else { importBlackbox(name, module) }
            }
            leave(keys, "", "is not supported: a definition names its targets")
        } else {
            throw ConfigurationRefused([
                Diagnostic(
                    .error, at: setting.location,
                    "neither 'modules' (blackbox_exporter, ssl_exporter) nor 'sources' (x509-certificate-exporter)")
            ])
        }
    }

    // MARK: blackbox_exporter

    private mutating func importBlackbox(_ name: String, _ module: Setting) {
        var keys = Keys(module)
        guard let prober = keys.text("prober") else { return note(module, "module '\(name)' has no 'prober'") }
        let timeout = keys.take("timeout")
        let options = keys.take(prober)
        leave(keys, "module '\(name)': ", "is not of its prober '\(prober)'")
        add(name, kind: prober, timeout: timeout, options: options?.written ?? [], targets: [])
    }

    // MARK: ssl_exporter

    /// Whether the module has what only ssl_exporter knows.
    private static func isOfSSLExporter(_ module: Setting) -> Bool {
        module.entries.contains { key, value in
            ["target", "tls_config", "https", "kubernetes", "http_file"].contains(key)
                || key == "tcp" && value.entries.contains { $0.key == "starttls" }
                || key == "prober" && ["https", "file", "http_file", "kubernetes", "kubeconfig"].contains(value.text)
        }
    }

    private mutating func importSSL(_ name: String, _ module: Setting) {
        var keys = Keys(module)
        guard let prober = keys.text("prober") else { return note(module, "module '\(name)' has no 'prober'") }
        let (timeout, target) = (keys.take("timeout"), keys.text("target"))
        let (isServer, isFile) = (["https", "tcp"].contains(prober), prober == "file")
        guard isServer || isFile else { return note(module, "module '\(name)': prober '\(prober)' is not supported") }
        var options: [Setting.Entry] = []
        if isServer, let tls = keys.take("tls_config") {
            var tlsKeys = Keys(tls)
            let kept = ["insecure_skip_verify", "ca_file", "cert_file", "key_file", "server_name"].compactMap { tlsKeys.entry($0) }
            leave(tlsKeys, "module '\(name)': tls_config.", "is not supported")
            options.append(Setting.Entry(key: "tls_config", keyLocation: tls.location, value: Setting(.mapping(kept), at: tls.location)))
        }
        if prober == "tcp", let tcp = keys.take("tcp") {
            var tcpKeys = Keys(tcp)
            options += [tcpKeys.entry("starttls")].compactMap(\.self)
            leave(tcpKeys, "module '\(name)': tcp.", "is not supported")
        }
        leave(keys, "module '\(name)': ", "is not supported")
        let targets = target.map { [isServer ? $0.replacing("https://", with: "").prefix { $0 != "/" }.description : $0] } ?? []
        add(name, kind: isFile ? "certificate-file" : "tls", timeout: timeout, options: options, targets: targets)
    }

    // MARK: x509-certificate-exporter

    private mutating func importSource(_ source: Setting) {
        var keys = Keys(source)
        let kind = keys.text("kind") ?? "file"
        let name = keys.text("name") ?? "certificates"
        guard kind == "file" else { return note(source, "source '\(name)': kind '\(kind)' is not supported") }
        let paths = keys.take("paths")?.items.compactMap(\.text) ?? []
        var options: [Setting.Entry] = []
        if let excluded = keys.take("excludePaths") {
            options.append(Setting.Entry(key: "exclude", keyLocation: excluded.location, value: excluded))
        }
        var passwords: [Setting] = []
        for format in ["pkcs12", "jks"] {
            guard let section = keys.take(format) else { continue }
            var sectionKeys = Keys(section)
            passwords += [sectionKeys.take("passphraseFile")].compactMap(\.self)
            _ = sectionKeys.take("tryEmptyPassphrase")
            leave(
                sectionKeys, "source '\(name)': \(format).",
                "is not supported: put the password into a file, and name it under 'passwordFile'")
        }
        if !passwords.isEmpty {
            options.append(
                Setting.Entry(key: "passwordFile", keyLocation: source.location, value: Setting(.list(passwords), at: source.location)))
        }
        let every = keys.take("refreshInterval")
        // They are recognised by their content.
        _ = keys.take("formats")
        leave(keys, "source '\(name)': ", "is not supported")
        add(name, kind: "certificate-file", every: every, timeout: nil, options: options, targets: paths)
    }

    // MARK: Writing

    private mutating func add(
        _ name: String, kind: String, every: Setting? = nil, timeout: Setting?, options: [Setting.Entry], targets: [String]
    ) {
        let location = SourceLocation(path: "")
        func entry(_ key: String, _ value: Setting.Value) -> Setting.Entry {
            Setting.Entry(key: key, keyLocation: location, value: Setting(value, at: location))
        }
        let wanted = String(name.map { $0.isWhitespace || "\\/".contains($0) ? "-" : $0 })
        var (valid, number) = (wanted, 1)
        while definitions.contains(where: { $0.fileName.lowercased() == valid.lowercased() + ".yaml" }) {
            number += 1
            valid = "\(wanted)-\(number)"
        }
        var entries = [
            entry("healthSet", .scalar("Imported", isPlain: true)), entry("name", .scalar(valid, isPlain: false)),
            entry("kind", .scalar(kind, isPlain: true)), entry("every", every?.value ?? .scalar("1m", isPlain: true)),
        ]
        if let timeout { entries.append(entry("timeout", timeout.value)) }
        if !options.isEmpty { entries.append(entry("options", .mapping(options))) }
        entries.append(entry("targets", .list(targets.map { Setting(.scalar($0, isPlain: false), at: location) })))
        let head = targets.isEmpty ? "# Add the targets that Prometheus's configuration names for module '\(valid)'.\n" : ""
        definitions.append(Definition(fileName: valid + ".yaml", text: head + Setting(.mapping(entries), at: location).yaml))
    }

    private mutating func note(_ setting: Setting, _ sentence: String) {
        notes.append(Diagnostic(.warning, at: setting.location, sentence))
    }

    /// Notes the keys that are left.
    private mutating func leave(_ keys: Keys, _ place: String, _ clause: String) {
        notes += keys.left.map { Diagnostic(.warning, at: $0.keyLocation, "\(place)'\($0.key)' \(clause)") }
    }
}

/// The keys of a mapping, each of which is taken once.
private struct Keys {
    private(set) var left: [Setting.Entry]

    init(_ setting: Setting) { left = setting.written }

    mutating func entry(_ key: String) -> Setting.Entry? {
        left.firstIndex { $0.key == key }.map { left.remove(at: $0) }
    }

    mutating func take(_ key: String) -> Setting? { entry(key)?.value }
    mutating func text(_ key: String) -> String? { take(key)?.text }
}

extension Setting {
    /// The entries of a mapping; empty for any other value.
    fileprivate var written: [Entry] { if case .mapping(let entries) = value { entries } else { [] } }
    /// The elements of a list, or the value itself; empty for null.
    fileprivate var items: [Setting] { if case .list(let items) = value { items } else { isNull ? [] : [self] } }
    fileprivate var text: String? { if case .scalar(let text, _) = value, !isNull { text } else { nil } }
}
