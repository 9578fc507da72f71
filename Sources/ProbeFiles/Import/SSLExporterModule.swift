import Probing

/// A module of ssl_exporter, as a kind of the agent with its options.
struct SSLExporterModule {
    private(set) var kind: String
    private(set) var options: [Setting.Entry] = []
    private(set) var timeout: Setting?
    /// What the module is aimed at; nil if the caller decides.
    private(set) var target: String?

    private static let kinds = [
        "https": "tls", "tcp": "tls", "file": "certificate-file", "kubeconfig": "certificate-file", "http_file": "certificate-url",
    ]

    /// The modules that ssl_exporter has without a file, and their probers.
    static let builtIn = [
        "tcp": "tcp", "http": "https", "https": "https", "file": "file", "http_file": "http_file", "kubeconfig": "kubeconfig",
    ]

    /// Whether a module file is one of ssl_exporter: it has what blackbox_exporter does not know, and none of its other probers.
    static func isFormat(of file: Setting) -> Bool {
        let modules = file.entries.filter { $0.key == "modules" }.flatMap(\.value.entries).map(\.value)
        let probers = modules.flatMap(\.entries).filter { $0.key == "prober" }.compactMap(\.value.text)
        guard probers.allSatisfy({ kinds[$0] != nil || $0 == "kubernetes" }) else { return false }
        return probers.contains { $0 != "tcp" } || file.entries.contains { $0.key == "default_module" }
            || modules.flatMap(\.entries).contains { key, value in
                ["target", "tls_config"].contains(key) || key == "tcp" && value.entries.contains { $0.key == "starttls" }
            }
    }

    /// - Returns: nil if the agent has no such prober, which is noted.
    static func read(_ module: Setting, named name: String, noting notes: inout [Diagnostic]) -> SSLExporterModule? {
        var keys = SettingKeys(module)
        guard let prober = keys.text("prober") else {
            notes.append(Diagnostic(.warning, at: module.location, "module '\(name)' has no 'prober'"))
            return nil
        }
        guard let kind = kinds[prober] else {
            notes.append(Diagnostic(.warning, at: module.location, "module '\(name)': prober '\(prober)' is not supported"))
            return nil
        }
        var read = SSLExporterModule(kind: kind)
        read.timeout = keys.take("timeout")
        read.target = keys.text("target")
        if kind != "certificate-file", let tls = keys.take("tls_config") { read.takeTLS(tls, name, noting: &notes) }
        if let section = keys.take(prober) {
            var sectionKeys = SettingKeys(section)
            read.options += ["starttls", "proxy_url"].compactMap { sectionKeys.entry($0) }
            notes += sectionKeys.left("module '\(name)': \(prober).", "is not supported")
        }
        notes += keys.left("module '\(name)': ", "is not supported")
        return read
    }

    private mutating func takeTLS(_ tls: Setting, _ name: String, noting notes: inout [Diagnostic]) {
        var keys = SettingKeys(tls)
        let kept = ["insecure_skip_verify", "ca_file", "cert_file", "key_file", "server_name"].compactMap { keys.entry($0) }
        notes += keys.left("module '\(name)': tls_config.", "is not supported")
        options.append(Setting.Entry(key: "tls_config", keyLocation: tls.location, value: Setting(.mapping(kept), at: tls.location)))
    }
}
