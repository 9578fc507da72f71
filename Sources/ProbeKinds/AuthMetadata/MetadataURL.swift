import FoundationEssentials
import HealthManager

/// The auth server's metadata URL: which tenant it names.
struct MetadataURL {
    private let url: String

    init(_ url: String) { self.url = url }

    /// The tenant in `/metadata/json/1/?realm=X` or `/X/metadata/json/1`; nil where the URL names none.
    var tenant: String? {
        let parts = url.split(separator: "?", maxSplits: 1)
        if parts.count == 2 {
            for pair in parts[1].split(separator: "&") {
                let halves = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                if halves.count == 2, halves[0].lowercased() == "realm" { return String(halves[1]) }
            }
        }
        guard let path = parts.first?.split(separator: "/", maxSplits: 2).dropFirst(2).first else { return nil }
        let segments = path.split(separator: "/")
        guard let metadata = segments.firstIndex(where: { $0.lowercased() == "metadata" }), metadata > 0 else { return nil }
        return String(segments[metadata - 1])
    }

    /// A finding where the URL does not name the configuration's tenant; nil where it does, or where no tenant is configured.
    func mismatch(in configuration: AgentConfiguration) -> Finding? {
        guard !configuration.organization.isEmpty || configuration.tenant.id != nil || !configuration.tenant.domains.isEmpty else {
            return nil
        }
        let expected = configuration.tenant.id ?? configuration.organization
        guard let tenant, !tenant.isEmpty else { return finding("names no tenant, expected realm=\(expected)") }
        return configuration.namesThisTenant(tenant) ? nil : finding("names tenant '\(tenant)', expected '\(expected)'")
    }

    private func finding(_ clause: String) -> Finding {
        Finding(.failure, stage: .config, reason: .metadataURLMismatch, sentence: "authServer.metadataUrl \(clause)")
    }
}
