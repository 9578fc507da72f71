import FoundationEssentials
import Glibc
import TestSupport
import Testing

/// The pages behind the status page.
@Suite struct ProbePageTests {
    private static let browser = ["-H", "Accept: text/html,application/xhtml+xml,*/*;q=0.8"]

    @Test("a probe's page says what happened, when it changed and how it is defined; an earlier process's runs are on it too")
    func probe() async throws {
        let site = try FileSite(["Files/Export"])
        let first = try await site.startAgent()
        #expect(try await site.shows("Files", "Healthy"))
        try site.remove("Export")
        #expect(try await site.shows("Files", "Unhealthy"))
        try site.put("Export")
        #expect(try await site.shows("Files", "Healthy"))
        let path = "/probes/Files/Export"
        for text in [
            "snapshot_missing", "Healthy → Degraded", "Unhealthy → Healthy", "file-age", "every 1s, timeout 900ms",
            "probes/Export.yaml", "ExportMonitor: Healthy", "agent history Files/Export --since 24h --config ", "Durations of ",
        ] {
            #expect(try await eventually(within: .seconds(60)) { try await first.get(path, Self.browser).contains(text) }, "\(text)")
        }
        // Names are compared as everywhere, ignoring case.
        #expect(try await first.get("/probes/files/EXPORT").contains("file-age"))
        first.program.send(SIGTERM)
        _ = await first.program.ended()

        let second = try await site.startAgent()
        #expect(try await eventually(within: .seconds(60)) { try await second.get(path).contains(" failing\"") })
        let page = try await second.get(path)
        #expect(page.contains("Runs so far") && !page.contains(" Failed</span></dd>"), "\(page)")
        #expect(try await eventually(within: .seconds(60)) { try await second.get("/").contains("</b> 24 h") })
    }

    @Test("an error is a page for a browser and a line for a program, at every depth; the API's is JSON for both")
    func errors() async throws {
        let site = try FileSite(["Files/Export"])
        let daemon = try await site.startAgent()
        for (path, status, words) in [
            ("/nothing", "404", "There is no such page"), ("/a/b/c/d", "404", "There is no such page"),
            ("/probes/Files/Other", "404", "There is no such probe"), ("/explain/certificate", "404", "certificate_expired"),
            ("/-/reload", "405", "Use POST"),
            ("/badge/Files/Export?show=colour", "400", "&#39;show&#39; must be one of state, uptime, days"),
        ] {
            let page = try await daemon.get(path, Self.browser + ["-i"])
            #expect(page.contains(" \(status) ") && page.contains("text/html") && page.contains(words), "\(path): \(page)")
            let root = String(repeating: "../", count: path.count { $0 == "/" } - 1)
            #expect(page.contains("href=\"\(root.isEmpty ? "./" : root)page.css"), "\(path): \(page)")
            let text = try await daemon.get(path, ["-i"])
            #expect(text.contains(" \(status) ") && !text.contains("text/html"), "\(path): \(text)")
            let plain = words.lowercased().replacing("&#39;", with: "'")
            #expect(text.lowercased().contains(plain), "\(path): \(text)")
        }
        #expect(try await daemon.get("/api/v1/nothing").hasPrefix(#"{"error":"there is no such endpoint"#))
        let refused = try await daemon.get("/", Self.browser + ["-i", "-H", "Host: evil.example"])
        #expect(refused.contains(" 403 ") && !refused.contains("text/html") && refused.contains("hostNames"))
        #expect(!refused.contains(site.directory.path))
        #expect(try await daemon.get("/api/v1/history?colour=red", Self.browser).hasPrefix("{\"error\""))
    }

    @Test("every link of the list leads to a page, whatever a probe is called")
    func names() async throws {
        let site = try FileSite(["B\u{fc}ro/A&B", "Files/C+D%41"])
        let daemon = try await site.startAgent()
        let links = try await daemon.get("/").split(separator: "\"").filter { $0.hasPrefix("probes/") }
        #expect(Set(links).count >= 2)
        for link in Set(links) {
            let answer = try await daemon.get("/" + link.replacing("&amp;", with: "&"), ["-i"])
            #expect(answer.contains(" 200 "), "\(link): \(answer)")
        }
        for badge in ["B%C3%BCro/A%26B.svg", "Files/C%2BD%2541.svg"] {
            #expect(try await daemon.get("/badge/" + badge, ["-i"]).contains(" 200 "), "\(badge)")
        }
    }

    @Test("the style sheet and the script are cached for good, under a name that changes with them; pages are asked for anew")
    func cached() async throws {
        let site = try FileSite(["Files/Export"])
        let daemon = try await site.startAgent()
        let page = try await daemon.get("/", ["-i"]).lowercased()
        #expect(page.contains("cache-control: no-cache") && !page.contains("unsafe"))
        let policy = try #require(page.split(separator: "\r\n").first { $0.hasPrefix("content-security-policy:") })
        for part in ["default-src 'none'", "style-src 'self'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"] {
            #expect(policy.contains(part), "\(policy)")
        }
        var size = page.utf8.count
        for (name, type) in [("page.css", "text/css"), ("page.js", "text/javascript")] {
            let start = try #require(page.firstRange(of: "\"./\(name)?"))
            let link = page[start.lowerBound...].dropFirst(2).prefix { $0 != "\"" }
            let asset = try await daemon.get(String(link), ["-i"])
            #expect(asset.contains("immutable") && asset.contains(type), "\(asset.prefix(300))")
            size += asset.utf8.count
        }
        #expect(size < 80_000, "\(size)")
    }
}
