/// Microsoft's clouds, recognized by their host names. A token of one cloud is not valid in another.
package enum Cloud: String, Sendable, CaseIterable {
    case global, usGovernment, china

    package var name: String {
        switch self {
        case .global: "the global cloud"
        case .usGovernment: "the US Government cloud"
        case .china: "the China cloud"
        }
    }

    /// The host that issues tokens.
    package var loginHost: String {
        switch self {
        case .global: "login.microsoftonline.com"
        case .usGovernment: "login.microsoftonline.us"
        case .china: "login.partner.microsoftonline.cn"
        }
    }

    /// The host of Microsoft Graph.
    package var graphHost: String {
        switch self {
        case .global: "graph.microsoft.com"
        case .usGovernment: "graph.microsoft.us"
        case .china: "microsoftgraph.chinacloudapi.cn"
        }
    }

    private static let suffixes: [(suffix: String, cloud: Cloud)] = [
        ("office365.com", .global), ("microsoftonline.com", .global), ("accesscontrol.windows.net", .global),
        ("login.windows.net", .global),
        ("office365.us", .usGovernment), ("microsoftonline.us", .usGovernment), ("usgovcloudapi.net", .usGovernment),
        ("partner.outlook.cn", .china), ("microsoftonline.cn", .china), ("chinacloudapi.cn", .china), ("office365.cn", .china),
    ]

    /// Nil if the URL's host does not belong to a known cloud.
    package init?(url: String) {
        guard let authority = url.split(separator: "/").dropFirst().first else { return nil }
        let host = (authority.split(separator: ":").first ?? "").lowercased()
        guard let match = Self.suffixes.first(where: { host == $0.suffix || host.hasSuffix("." + $0.suffix) }) else { return nil }
        self = match.cloud
    }
}
