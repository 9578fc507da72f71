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
    package init(path: String) throws(ConfigurationRefused) { try self.init(YAMLFile(path: path).read()) }

    init(_ setting: Setting) throws(ConfigurationRefused) {
        var keys = SettingKeys(setting)
        if let sources = keys.take("sources") {
            for source in sources.items { importSource(source) }
            leave(keys, "", "concerns the exporter, not what it watches")
        } else if let modules = keys.take("modules") {
            let isSSL = SSLExporterModule.isFormat(of: setting)
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
        var keys = SettingKeys(module)
        guard let prober = keys.text("prober") else { return note(module, "module '\(name)' has no 'prober'") }
        let timeout = keys.take("timeout")
        let options = keys.take(prober)
        leave(keys, "module '\(name)': ", "is not of its prober '\(prober)'")
        add(name, kind: prober, timeout: timeout, options: options?.written ?? [], targets: [])
    }

    // MARK: ssl_exporter

    private mutating func importSSL(_ name: String, _ setting: Setting) {
        guard let module = SSLExporterModule.read(setting, named: name, noting: &notes) else { return }
        add(
            name, kind: module.kind, timeout: module.timeout, options: module.options,
            targets: module.target.map { [$0] } ?? [])
    }

    // MARK: x509-certificate-exporter

    private mutating func importSource(_ source: Setting) {
        var keys = SettingKeys(source)
        let kind = keys.text("kind") ?? "file"
        let name = keys.text("name") ?? "certificates"
        guard ["file", "kubeconfig"].contains(kind) else { return note(source, "source '\(name)': kind '\(kind)' is not supported") }
        let paths = keys.take("paths")?.items.compactMap(\.text) ?? []
        var options: [Setting.Entry] = []
        if let excluded = keys.take("excludePaths") {
            options.append(Setting.Entry(key: "exclude", keyLocation: excluded.location, value: excluded))
        }
        var passwords: [Setting] = []
        for format in ["pkcs12", "jks"] {
            guard let section = keys.take(format) else { continue }
            var sectionKeys = SettingKeys(section)
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
    private mutating func leave(_ keys: SettingKeys, _ place: String, _ clause: String) {
        notes += keys.left(place, clause)
    }
}
