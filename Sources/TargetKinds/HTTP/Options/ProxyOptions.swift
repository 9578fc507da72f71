import Addresses
import FoundationEssentials
import Glibc
import Outbound
import Probing
import Transfers

/// `proxy_url no_proxy proxy_connect_header proxy_from_environment`, in the format of blackbox_exporter's modules, and `proxy_windows_auth`.
struct ProxyOptions: Sendable {
    private var route: ProxyRoute?
    /// With `proxy_from_environment`, by the scheme of the URL asked.
    private var environment: [String: ProxyRoute] = [:]

    init() {}

    /// The options as a kind's guide lists them.
    static let guide: [KindGuide.Option] = [
        .init("proxy_url", "http:// or socks5:// proxy", settableThroughAgent: false),
        .init("proxy_windows_auth", "an account for the proxy, as windows_auth", settableThroughAgent: false),
        .init("no_proxy", "hosts, domains and ranges that are reached without the proxy", settableThroughAgent: false),
        .init(
            "proxy_from_environment", "take the proxy from HTTP_PROXY, HTTPS_PROXY and NO_PROXY (default false)",
            settableThroughAgent: false),
        .init("proxy_connect_header", "headers sent only to the proxy", settableThroughAgent: false),
    ]

    /// The proxy for a URL and its redirects, which decides by itself which hosts are asked without it; nil if there is none.
    func route(to host: URLHost) -> ProxyRoute? {
        // An entry of the environment may name a port, too.
        route ?? environment[host.scheme].flatMap { $0.noProxy.contains(host.withPort) ? nil : $0 }
    }

    /// `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`, in capitals or not, as Go reads them: they are not for this machine.
    private static func routes(ofEnvironment headers: [HeaderField]) -> [String: ProxyRoute] {
        func value(_ name: String) -> String {
            for name in [name, name.lowercased()] {
                if let text = getenv(name), text.pointee != 0 { return String(cString: text) }
            }
            return ""
        }
        let without = value("NO_PROXY").split(separator: ",").map { $0.filter { !$0.isWhitespace } }.filter { !$0.isEmpty }
        return ["http", "https"].reduce(into: [:]) { routes, scheme in
            let url = value(scheme.uppercased() + "_PROXY")
            guard let sent = sent(url.contains("://") || url.isEmpty ? url : "http://" + url) else { return }
            routes[scheme] = ProxyRoute(
                url: EndpointURL(sent), noProxy: without + ["localhost", "127.0.0.0/8", "::1"], headers: headers)
        }
    }

    init(_ reader: SettingsReader) {
        let fromEnvironment = reader.bool("proxy_from_environment") ?? false
        let url = reader.string("proxy_url").flatMap { $0.isEmpty ? nil : $0 }
        let without = (reader.string("no_proxy") ?? "").split(separator: ",").map { $0.filter { !$0.isWhitespace } }
        let headers = Self.connectHeaders(reader)
        let account = reader.windowsAuth(ofModule: "proxy_windows_auth")
        if fromEnvironment {
            for key in ["proxy_url", "no_proxy", "proxy_windows_auth"] where reader.has(key) {
                reader.error("'\(key)' and 'proxy_from_environment' are mutually exclusive: keep one", at: reader.location(of: key))
            }
            environment = Self.routes(ofEnvironment: headers)
            return
        }
        guard let url else {
            for key in ["no_proxy", "proxy_connect_header", "proxy_windows_auth"] where reader.has(key) {
                reader.error("'\(key)' needs 'proxy_url'", at: reader.location(of: key))
            }
            return
        }
        guard let sent = Self.sent(url) else {
            reader.error(
                "'proxy_url' must be a URL such as http://proxy:3128 or socks5://proxy:1080", at: reader.location(of: "proxy_url"))
            return
        }
        if account != nil, !sent.hasPrefix("http:") {
            reader.error("'proxy_windows_auth' needs an http:// proxy", at: reader.location(of: "proxy_windows_auth"))
        }
        route = ProxyRoute(
            url: EndpointURL(sent), noProxy: without.filter { !$0.isEmpty }, headers: headers, login: account.map { WindowsLogin($0) })
    }

    /// The URL for libcurl; a SOCKS proxy resolves names itself (`socks5h`). Nil if it is not a valid proxy URL.
    private static func sent(_ url: String) -> String? {
        let schemes = ["http://": "http://", "socks5://": "socks5h://", "socks5h://": "socks5h://"]
        guard let (written, taken) = schemes.first(where: { url.lowercased().hasPrefix($0.key) }) else { return nil }
        let rest = url.dropFirst(written.count)
        return rest.isEmpty || rest.hasPrefix("/") ? nil : taken + rest
    }

    private static func connectHeaders(_ reader: SettingsReader) -> [HeaderField] {
        guard let nested = reader.mapping("proxy_connect_header") else { return [] }
        return nested.keys.flatMap { name in
            let fields = (nested.strings(name) ?? []).map { HeaderField(name, $0) }
            if !HeaderField.areSendable(fields) {
                nested.error(
                    "header '\(name)' cannot be sent: its name or a value has a character that is not allowed", at: nested.location)
            }
            return fields
        }
    }
}
