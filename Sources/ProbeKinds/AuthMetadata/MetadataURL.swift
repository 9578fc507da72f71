import FoundationEssentials
import Probing

/// The auth server's metadata URL, and the tenant it names.
struct MetadataURL {
    private let url: String

    init(_ url: String) { self.url = url }

    /// The tenant in `/metadata/json/1/?realm=X` or `/X/metadata/json/1`; nil if the URL names none.
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

    /// A finding if the URL does not name the configured tenant; nil if it does, or if no tenant is configured.
    func mismatch(in organization: Organization) -> Finding? {
        let key = organization.source(of: .authServer, "authServer.metadataUrl", inExchange: "AuthMetadataUrl")
        guard Text.isHTTPS(url) else { return finding("\(key) is '\(url)', which is not an https URL") }
        if organization.described?.values.contains(.authServer) == true, Cloud(url: url) == nil {
            return finding("\(key) is '\(url)', which is not a host of Microsoft's clouds: no request is sent there")
        }
        guard !organization.name.isEmpty || organization.tenant.id != nil || !organization.tenant.domains.isEmpty else {
            return nil
        }
        let expected = organization.tenant.id ?? organization.name
        guard let tenant, !tenant.isEmpty else { return finding("\(key) names no tenant, expected realm=\(expected)") }
        return organization.isThisTenant(tenant) ? nil : finding("\(key) names tenant '\(tenant)', expected '\(expected)'")
    }

    private func finding(_ sentence: String) -> Finding {
        Finding(.failure, stage: .config, reason: .metadataURLMismatch, sentence: sentence)
    }
}
