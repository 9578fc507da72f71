import Probing

/// Reads modules in blackbox_exporter's format, strictly and with its defaults, or in that of ssl_exporter.
struct ModulesFile {
    let kinds: KindCatalog
    let notes: SettingsReader.Notes

    private var probers: [String] { proberKinds.map(\.name) }
    private var proberKinds: [any ProbeKind] { kinds.kinds.filter(\.isProber) }

    /// The module of a file that is used where the caller names none; nil: that of blackbox_exporter.
    static func defaultModule(_ setting: Setting) -> String? {
        guard SSLExporterModule.isFormat(of: setting) else { return nil }
        return setting.entries.first { $0.key == "default_module" }?.value.text ?? "tcp"
    }

    func modules(_ setting: Setting) -> [String: Module] {
        if SSLExporterModule.isFormat(of: setting) { return sslModules(setting) }
        let reader = SettingsReader(setting, what: "the module file", notes: notes)
        defer { reader.finish() }
        guard let all = reader.mapping("modules") else { return [:] }
        let modules = all.settings.compactMap { module(named: $0.key, $0.value) }
        return Dictionary(modules.map { ($0.name, $0) }) { first, _ in first }
    }

    // MARK: ssl_exporter

    private func sslModules(_ setting: Setting) -> [String: Module] {
        var keys = SettingKeys(setting)
        _ = keys.take("default_module")
        let written = keys.take("modules")?.entries ?? []
        notes.diagnostics += keys.left("", "is not supported")
        var modules: [String: Module] = [:]
        for (name, prober) in SSLExporterModule.builtIn {
            let entry = Setting.Entry(
                key: "prober", keyLocation: setting.location, value: Setting(.scalar(prober, isPlain: true), at: setting.location))
            modules[name] = sslModule(named: name, Setting(.mapping([entry]), at: setting.location))
        }
        for (name, module) in written { modules[name] = sslModule(named: name, module) }
        return modules
    }

    private func sslModule(named name: String, _ setting: Setting) -> Module? {
        guard let module = SSLExporterModule.read(setting, named: name, noting: &notes.diagnostics),
            let kind = kinds.kinds(named: module.kind).first
        else { return nil }
        let configured = ConfiguredKind(kind, options: Setting(.mapping(module.options), at: setting.location))
        notes.diagnostics += configured.diagnostics
        return Module(
            name: name, kind: configured,
            timeout: SettingsReader(setting, what: "module '\(name)'", notes: notes).duration("timeout", allowZero: true), hostHeader: nil,
            masked: MaskedText.write(setting, under: name), target: module.target, isOfSSLExporter: true)
    }

    // MARK: blackbox_exporter

    private func module(named name: String, _ setting: Setting) -> Module? {
        let reader = SettingsReader(setting, what: "module '\(name)'", notes: notes)
        let prober = prober(reader, name)
        let timeout = reader.duration("timeout", allowZero: true)
        var configured: ConfiguredKind?
        // The sections of other probers are checked too: the whole file must be valid.
        for kind in proberKinds {
            let section = reader.setting(kind.name)
            guard section != nil || kind.name == prober else { continue }
            let one = ConfiguredKind(kind, options: section ?? .empty(at: setting.location))
            notes.diagnostics += one.diagnostics.map { $0.isUnsupported ? Self.onlyOf(name, $0) : $0 }
            if kind.name == prober { configured = one }
        }
        reader.finish()
        return configured.map {
            Module(
                name: name, kind: $0, timeout: timeout, hostHeader: Self.hostHeader($0.options),
                masked: MaskedText.write(setting, under: name))
        }
    }

    /// A warning: the module is refused, and not the file.
    private static func onlyOf(_ module: String, _ diagnostic: Diagnostic) -> Diagnostic {
        Diagnostic(.warning, at: diagnostic.location, "module '\(module)' cannot be run: \(diagnostic.sentence)")
    }

    private func prober(_ reader: SettingsReader, _ name: String) -> String? {
        guard let prober = reader.required("prober", what: "module '\(name)'") else { return nil }
        if probers.contains(prober) { return prober }
        let near = NearestName.among(probers, to: prober).map { ", did you mean '\($0)'?" } ?? ""
        reader.error(
            "prober '\(prober)' is not valid\(near.isEmpty ? "; known probers: \(probers.sorted().joined(separator: ", "))" : near)",
            at: reader.location(of: "prober"))
        return nil
    }

    private static func hostHeader(_ options: Setting) -> String? {
        for (key, value) in options.entries where key == "headers" {
            for (name, header) in value.entries where name.lowercased() == "host" {
                if case .scalar(let text, _) = header.value { return text }
            }
        }
        return nil
    }
}
