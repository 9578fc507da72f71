import TestSupport
import Testing

/// Who sees the buttons of the pages, and whose name is recorded for what they order.
@Suite struct PageOrderTests {
    private static let dave = ["-u", "dave:dave123"]
    private static let carol = ["-u", "carol:carol123"]
    private static let refresh = ["-H", "X-Page-Refresh: 1"]
    private static let probe = "/probes/Files/Export?server=mbx01"

    /// An agent with a problem: `Files\Export` on two servers.
    private static func site(_ web: String = WebSite.users) async throws -> (FileSite, Daemon) {
        let site = try FileSite(["Files/Export"], servers: ["mbx01", "mbx02"])
        try site.remove("Export")
        try site.directory.write("web.yml", web)
        let daemon = try await site.startAgent(web.isEmpty ? [] : ["--web.config.file", site.directory.path + "/web.yml"])
        #expect(try await site.shows("Files", "mbx01", "Unhealthy"))
        #expect(try await site.shows("Files", "mbx02", "Unhealthy"))
        return (site, daemon)
    }

    private static func hasButtons(_ page: String) -> Bool {
        page.contains("class=\"order\"") || page.contains("<dialog") || page.contains("data-order")
    }

    private static func post(_ daemon: Daemon, _ path: String, _ body: String, _ more: [String]) async throws -> String {
        try await daemon.get("/api/v1/" + path, ["-w", " %{http_code}", "-H", "Content-Type: application/json", "-d", body] + more)
    }

    @Test("buttons are for a user who has logged in, and no cache gives a page to another reader")
    func readers() async throws {
        let (site, daemon) = try await Self.site()
        for path in ["/", Self.probe] {
            let page = try await daemon.get(path, Self.dave + ["-i"])
            for words in ["Run again", "Acknowledge", "Maintenance"] {
                #expect(page.contains("hidden aria-haspopup=\"dialog\" aria-label=\"\(words): "), "\(path) \(words): \(page)")
            }
            #expect(page.contains("<dialog id=\"order\"") && page.contains("Recorded with the name dave."))
            let lines = page.lowercased().split(separator: "\r\n")
            #expect(
                lines.contains("cache-control: private, no-cache") && lines.contains("vary: authorization, accept-encoding"),
                "\(page.prefix(800))")
            #expect(try await daemon.get(path).contains("log in with a user"))
        }
        // One after the other within the time that a page is kept, whoever is first.
        for _ in 0..<3 {
            let pages = [try await daemon.get("/", Self.dave + Self.refresh), try await daemon.get("/", Self.carol + Self.refresh)]
            #expect(pages[0].contains("name dave.") && !pages[0].contains("carol"))
            #expect(pages[1].contains("name carol.") && !pages[1].contains("dave"))
        }
        // Nobody has logged in there.
        let socket = ["--unix-socket", site.directory.path + "/state/control.sock"] + Self.dave
        for path in ["/", Self.probe] {
            let page = try await daemon.get(path, socket)
            #expect(page.contains("Export") && !Self.hasButtons(page))
        }
    }

    @Test("where nobody logs in, there are commands alone", arguments: ["", "rate_limit: { interval: 1s, burst: 1000 }\n"])
    func nobody(web: String) async throws {
        let (site, daemon) = try await Self.site(web)
        for options in [[], Self.dave] {
            let page = try await daemon.get("/", options + ["-i"])
            #expect(page.contains("agent acknowledge ") && !Self.hasButtons(page), "\(page)")
            let lines = page.lowercased().split(separator: "\r\n")
            #expect(lines.contains("cache-control: no-cache") && lines.contains("vary: authorization, accept-encoding"))
        }
        let order = #"{"monitor": "ExportMonitor", "by": "dave"}"#
        #expect(try await Self.post(daemon, "acknowledge", order, []).hasSuffix(" 403"))
        withExtendedLifetime(site) {}
    }

    @Test("recorded is who has logged in, whomever a request names; on the control socket, the request says who")
    func recorded() async throws {
        let (site, daemon) = try await Self.site()
        let orders = [
            ("acknowledge", #"{"monitor": "ExportMonitor", "server": "mbx01", "by": "carol", "comment": "on it"}"#),
            ("maintenance", #"{"server": "mbx01", "component": "Files", "seconds": 7200, "by": "carol"}"#),
            ("overrides", #"{"identity": "Files/Export", "property": "every", "value": "2s", "seconds": 7200, "by": "carol"}"#),
        ]
        for (path, body) in orders {
            let answer = try await Self.post(daemon, path, body, Self.dave)
            #expect(answer.contains("\"by\":\"dave\"") && !answer.contains("carol") && answer.hasSuffix(" 200"), "\(path): \(answer)")
        }
        for (path, body) in [
            ("maintenance/end", #"{"server": "mbx01", "component": "Files", "by": "carol"}"#),
            ("overrides/remove", #"{"identity": "Files/Export", "property": "every", "by": "carol"}"#),
        ] {
            #expect(try await Self.post(daemon, path, body, Self.dave).hasSuffix(" 200"))
        }
        #expect(try await eventually(within: .seconds(60)) { try await daemon.get("/", Self.dave).contains("by dave ") })
        let decisions = try await daemon.get("/decisions", Self.dave)
        #expect(
            decisions.contains("ended by dave") && decisions.contains("removed by dave") && !decisions.contains("carol"), "\(decisions)")
        let socket = ["--unix-socket", site.directory.path + "/state/control.sock"]
        let other = #"{"monitor": "ExportMonitor", "server": "mbx02", "by": "carol"}"#
        #expect(try await Self.post(daemon, "acknowledge", other, socket).contains("\"by\":\"carol\""))
    }

    @Test("a page of another origin cannot order anything with the login of its reader, nor can anybody without one")
    func foreign() async throws {
        let (site, daemon) = try await Self.site()
        let order = #"{"monitor": "ExportMonitor", "by": "dave"}"#
        for header in [
            "Origin: http://evil.example", "Origin: https://\(daemon.address)", "Origin: null", "Sec-Fetch-Site: cross-site",
            "Sec-Fetch-Site: same-site",
        ] {
            #expect(try await Self.post(daemon, "acknowledge", order, Self.dave + ["-H", header]).hasSuffix(" 403"), "\(header)")
        }
        #expect(try await Self.post(daemon, "acknowledge", order, []).hasSuffix(" 401"))
        #expect(try await daemon.get("/", Self.dave).contains(">Acknowledge</button>"))
        let own = ["-H", "Origin: http://\(daemon.address)", "-H", "Sec-Fetch-Site: same-origin"]
        #expect(try await Self.post(daemon, "acknowledge", order, Self.dave + own).hasSuffix(" 200"))
        withExtendedLifetime(site) {}
    }
}
