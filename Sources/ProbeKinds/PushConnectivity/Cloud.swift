/// Microsoft's clouds, told apart by the hosts they are reached at. A token of one is worth nothing in another.
enum Cloud: String, Sendable {
    case global = "the global cloud"
    case usGovernment = "the US government's cloud"
    case china = "the cloud in China"

    private static let suffixes: [(suffix: String, cloud: Cloud)] = [
        ("office365.com", .global), ("microsoftonline.com", .global), ("accesscontrol.windows.net", .global),
        ("login.windows.net", .global),
        ("office365.us", .usGovernment), ("microsoftonline.us", .usGovernment), ("usgovcloudapi.net", .usGovernment),
        ("partner.outlook.cn", .china), ("microsoftonline.cn", .china), ("chinacloudapi.cn", .china), ("office365.cn", .china),
    ]

    /// Nil for a host that is none of Microsoft's known ones.
    init?(url: String) {
        guard let authority = url.split(separator: "/").dropFirst().first else { return nil }
        let host = (authority.split(separator: ":").first ?? "").lowercased()
        guard let match = Self.suffixes.first(where: { host == $0.suffix || host.hasSuffix("." + $0.suffix) }) else { return nil }
        self = match.cloud
    }
}
