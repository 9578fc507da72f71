/// Microsoft's clouds, recognized by their host names. A token of one cloud is not valid in another.
enum Cloud: String, Sendable {
    case global = "the global cloud"
    case usGovernment = "the US Government cloud"
    case china = "the China cloud"

    private static let suffixes: [(suffix: String, cloud: Cloud)] = [
        ("office365.com", .global), ("microsoftonline.com", .global), ("accesscontrol.windows.net", .global),
        ("login.windows.net", .global),
        ("office365.us", .usGovernment), ("microsoftonline.us", .usGovernment), ("usgovcloudapi.net", .usGovernment),
        ("partner.outlook.cn", .china), ("microsoftonline.cn", .china), ("chinacloudapi.cn", .china), ("office365.cn", .china),
    ]

    /// Nil if the URL's host does not belong to a known cloud.
    init?(url: String) {
        guard let authority = url.split(separator: "/").dropFirst().first else { return nil }
        let host = (authority.split(separator: ":").first ?? "").lowercased()
        guard let match = Self.suffixes.first(where: { host == $0.suffix || host.hasSuffix("." + $0.suffix) }) else { return nil }
        self = match.cloud
    }
}
