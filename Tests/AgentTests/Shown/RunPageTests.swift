import FoundationEssentials
import TestSupport
import Testing

/// The pages of single runs, how a probe's page says it is defined, and what of all this is compressed.
@Suite struct RunPageTests {
    private static let browser = ["-H", "Accept: text/html,application/xhtml+xml,*/*;q=0.8"]

    /// What follows `before` up to the next quotation mark.
    private static func quoted(_ text: String, after before: String) -> String? {
        text.firstRange(of: before).map { String(text[$0.upperBound...].prefix { $0 != "\"" }) }
    }

    @Test(
        "a /probe request has a page, which the status page leads to: what was asked, each stage, what was found and measured, the module")
    func onDemand() async throws {
        let site = try FileSite(["Files/Export"])
        try site.directory.write(
            "modules.yml", "modules:\n  web: { prober: http, timeout: 2s, http: { headers: { X-Key: hunter1 } } }\n")
        let daemon = try await site.startAgent(["--modules", site.directory.path + "/modules.yml"])
        #expect(try await daemon.get("/probe?module=web&target=http://anne:hunter2@127.0.0.1:1/%3Ca%3E").contains("probe_success 0"))
        #expect(try await daemon.get("/").contains("<a href=\"runs/1\">1</a>"))
        let page = try await daemon.get("/runs/1", Self.browser + ["-i"])
        for words in [
            " 200 ", "Run 1 of module web", "http://xxxxx@127.0.0.1:1/&lt;a&gt;", "connect_refused", "../explain/connect_refused", "Stages",
            "probe_http_duration_seconds", "phase=connect", "prober: http", "X-Key:", "&lt;secret&gt;", "../logs?id=1", "Request ID",
            "<dt>Timeout</dt><dd><span>2s</span>", "href=\"../page.css",
        ] { #expect(page.contains(words), "\(words) is not in \(page)") }
        #expect(!page.contains("hunter"))
        let missing = try await daemon.get("/runs/2", Self.browser + ["-i"])
        #expect(missing.contains(" 404 ") && missing.contains("There is no run with this ID: ") && missing.contains("../page.css"))
        for id in ["0", "-1", "99999999999999999999", "x", "00000000-0000-8000-8000-000000000001", "%3Cb%3E"] {
            let text = try await daemon.get("/runs/" + id, ["-i"])
            #expect(
                text.contains(" 404 ") && text.contains("there is no run with this ID") && !text.contains("text/html"), "\(id): \(text)")
        }
    }

    @Test(
        "a run of a probe that did not succeed has a page, which the probe's page leads to, as long as it is kept; the latest run has one")
    func ofProbe() async throws {
        let site = try FileSite(["Files/Export"])
        let daemon = try await site.startAgent()
        try site.remove("Export")
        #expect(try await site.shows("Files", "Unhealthy"))
        var link: String?
        #expect(
            try await eventually(within: .seconds(60)) {
                link = Self.quoted(try await daemon.get("/probes/Files/Export"), after: "href=\"../../runs/")
                return link != nil
            })
        let id = try #require(link)
        let page = try await daemon.get("/runs/" + id.uppercased())
        for words in [
            "Run of Files\\Export", "<strong>Failed</strong>", "snapshot_missing", "No such file or directory",
            "../explain/snapshot_missing",
            "href=\"../probes/Files/Export\"", id, "Export it again", "<dt>Kind</dt><dd><span>file-age</span>",
        ] { #expect(page.contains(words), "\(words) is not in \(page)") }

        try site.put("Export")
        #expect(try await site.shows("Files", "Healthy"))
        // The failure is still there, and so is what the API says of the latest run.
        #expect(try await daemon.get("/runs/" + id).contains("snapshot_missing"))
        var latest = ""
        let isShown = try await eventually(within: .seconds(60)) {
            guard let id = Self.quoted(try await daemon.get("/api/v1/results"), after: "\"requestId\":\"") else { return false }
            latest = try await daemon.get("/runs/" + id)
            return latest.contains("<strong>Succeeded</strong>")
        }
        #expect(isShown && !latest.contains("What to do"), "\(latest)")
    }

    @Test("a probe's page says which options are set, where, and which overrides are in force in place of what, without secrets")
    func definition() async throws {
        let site = try FileSite(["Files/Export"], servers: ["mbx01"])
        try site.directory.write(
            "probes/web.yaml",
            """
            healthSet: Web
            name: Page
            kind: http
            every: 1s
            timeout: 900ms
            targets: ["http://127.0.0.1:1/"]
            options:
              method: POST
              body: hunter1
              headers: { X-Key: hunter2 }
              valid_status_codes: [200, 204]

            """)
        let daemon = try await site.startAgent()
        let web = try await daemon.get("/probes/Web/Page?target=http://127.0.0.1:1/")
        for words in [
            "<span>method: POST</span>", "<span>body: &lt;secret&gt;</span>", "<span>headers: { X-Key: &lt;secret&gt; }</span>",
            "<span>valid_status_codes: [200, 204]</span>", "web.yaml:1",
        ] { #expect(web.contains(words), "\(words) is not in \(web)") }
        #expect(!web.contains("hunter"))
        for change in [["retries", "2"], ["timeout", "500ms"]] {
            let ended = try await site.agent(
                ["override", "add", "Files/Export"] + change + ["--server", "mbx01", "--for", "2h", "--comment", "slow <disk>"])
            #expect(ended.status == 0, "\(ended.errors)")
        }
        let monitor = try await site.agent(["override", "add", "ExportMonitor", "severity", "warning", "--for", "2h"])
        #expect(monitor.status == 0, "\(monitor.errors)")
        let page = try await daemon.get("/probes/Files/Export?server=mbx01")
        for words in [
            "<span>retries: 2 in place of 0 until 20", " on mbx01, by ", ": slow &lt;disk&gt;</span>",
            "<span>timeout: 500ms in place of 900ms until ", "<span>ExportMonitor: severity: warning in place of critical until ",
            "every 1s, timeout 500ms", "<span>path: \(site.directory.path)/watched/Export</span>",
        ] { #expect(page.contains(words), "\(words) is not in \(page)") }
    }

    @Test("pages, pictures, feeds and what pages load are compressed for clients that accept it, and caches are told so")
    func compressed() async throws {
        let site = try FileSite(["Files/Export"])
        let daemon = try await site.startAgent()
        try site.remove("Export")
        #expect(try await site.shows("Files", "Unhealthy"))
        let refresh = ["-H", "X-Page-Refresh: 1"]
        for (path, options) in [
            ("/", []), ("/", refresh), ("/", refresh), ("/?rows=1000", refresh), ("/probes/Files/Export", []), ("/decisions", []),
            ("/explain/timeout", Self.browser), ("/nothing", Self.browser), ("/problems.atom", []), ("/certificates.svg", []),
            ("/page.css", []), ("/page.js", []),
        ] {
            let both = try await daemon.get(path, options + ["-i", "--compressed"])
            let plain = try await daemon.get(path, options + ["-i"])
            for (text, isCompressed) in [(both, true), (plain, false)] {
                let parts = text.split(separator: "\r\n\r\n", maxSplits: 1).map { $0.lowercased() }
                let head = try #require(parts.first)
                #expect(head.contains("content-encoding: gzip") == isCompressed, "\(path) \(options): \(head)")
                let vary = head.split(separator: "\r\n").filter { $0.hasPrefix("vary:") }
                #expect(vary.count == 1 && vary[0].contains("accept-encoding"), "\(path): \(head)")
                #expect(vary.allSatisfy { $0.contains("accept,") } == (options == Self.browser), "\(path): \(head)")
                #expect(parts.count == 2 && (parts[1].contains("</") || parts[1].contains("{")), "\(path): \(text)")
            }
        }
        // What is not for people's browsers is as it was.
        for path in ["/-/healthy", "/api/v1/probes", "/config"] {
            #expect(try await !daemon.get(path, ["-i", "--compressed"]).lowercased().contains("content-encoding"), "\(path)")
        }
        let head = try await daemon.get("/", ["-I", "--compressed"]).lowercased()
        #expect(head.contains("vary: authorization, accept-encoding") && !head.contains("content-encoding"), "\(head)")
    }
}
