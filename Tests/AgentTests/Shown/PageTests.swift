import FoundationEssentials
import Glibc
import TestSupport
import Testing

/// The status page, as Python's HTML parser reads it.
@Suite struct PageTests {
    private struct Link: Decodable {
        var href: String
        var text: String
    }

    /// What an administrator sees of the page.
    private struct Page: Decodable {
        var title: String
        /// Elements that were not closed in order, and void ones that were.
        var faults: [String]
        /// By their headings, each with its header row first.
        var tables: [String: [[String]]]
        var paragraphs: [String]
        var links: [Link]
    }

    private static let parser = """
        import html.parser, json, sys
        void = {"meta", "br", "link", "img", "input", "hr"}
        class Reader(html.parser.HTMLParser):
            def __init__(self):
                super().__init__(convert_charrefs=True)
                self.open, self.faults, self.tables, self.paragraphs, self.links = [], [], {}, [], []
                self.heading = self.title = ""
            def handle_starttag(self, tag, attributes):
                if tag in void: return
                self.open.append(tag)
                if tag == "h2": self.heading = ""
                if tag == "table": self.tables[self.heading] = []
                if tag == "tr": self.tables[self.heading].append([])
                if tag in ("td", "th"): self.tables[self.heading][-1].append("")
                if tag == "p": self.paragraphs.append("")
                if tag == "a": self.links.append({"href": dict(attributes).get("href") or "", "text": ""})
            def handle_endtag(self, tag):
                if not self.open or self.open.pop() != tag: self.faults.append(tag)
            def handle_data(self, data):
                if "title" in self.open: self.title += data
                if "h2" in self.open: self.heading += data
                if "td" in self.open or "th" in self.open: self.tables[self.heading][-1][-1] += data
                if "p" in self.open: self.paragraphs[-1] += data
                if "a" in self.open: self.links[-1]["text"] += data
        reader = Reader()
        reader.feed(open(sys.argv[1], encoding="utf-8", newline="").read())
        reader.close()
        print(json.dumps({"title": reader.title, "faults": reader.faults + reader.open, "tables": reader.tables,
                          "paragraphs": reader.paragraphs, "links": reader.links}))
        """

    private static func page(_ daemon: Daemon) async throws -> Page {
        let directory = try TemporaryDirectory()
        let file = try directory.write("page.html", try await daemon.get("/"))
        let ended = try await Program.run(Program.python, ["-c", parser, file])
        #expect(ended.status == 0, "\(ended.errors)")
        let page = try JSONDecoder().decode(Page.self, from: Data(ended.output.utf8))
        #expect(page.faults == [] && page.title == "agent")
        return page
    }

    @Test("an agent without servers says on its page what to do")
    func noServers() async throws {
        let directory = try TemporaryDirectory()
        try directory.write("agent.yaml", "listen: 127.0.0.1:0\nstateDirectory: state\n")
        let probes = FileManager.default.currentDirectoryPath + "/probes"
        let program = try Program(AgentSite.executable, ["run", "--config", directory.path + "/agent.yaml", "--probes", probes])
        guard await program.says("listening") else { throw AgentSite.NotStarted(errors: program.errors) }
        let page = try await Self.page(Daemon(listening: program, on: directory))
        #expect(page.faults.isEmpty && page.paragraphs.contains { $0.contains("no 'servers' are configured") && $0.contains("add each") })
    }

    @Test("it shows each health set with its state, each problem with its sentence and the way to its remedy, and each probe")
    func problem() async throws {
        let site = try FileSite(["Files/Export", "Files/Import", "Backup/Nightly"])
        let daemon = try await site.startAgent()
        try site.remove("Export")
        #expect(try await site.shows("Files", "Unhealthy"))
        #expect(try await site.shows("Backup", "Healthy"))
        let page = try await Self.page(daemon)

        let health = try #require(page.tables["Health"])
        #expect(health.first == ["Health set", "Server", "State", "Alert value", "Last transition"])
        // The worst first.
        #expect(health.dropFirst().map { [$0[0], $0[3]] } == [["Files", "Unhealthy"], ["Backup", "Healthy"]], "\(health)")

        let sentence = "\(site.directory.path)/watched/Export: No such file or directory"
        let trouble = page.paragraphs.filter { $0.contains("Unhealthy") }
        #expect(
            trouble.count == 1 && trouble[0].contains("Files\\ExportMonitor") && trouble[0].hasSuffix(": snapshot_missing, " + sentence))
        let link = try #require(page.links.first { $0.text == "snapshot_missing" })
        // Relative, for an agent below a prefix.
        #expect(link.href == "explain/snapshot_missing")
        let explained = try await daemon.get("/" + link.href)
        #expect(explained.hasPrefix("snapshot_missing\n\n") && explained.contains("What to do: "), "\(explained)")

        let probes = try #require(page.tables["Probes"])
        #expect(probes.first?.first == "Probe" && probes.dropFirst().allSatisfy { $0.count == probes[0].count })
        let results = Dictionary(uniqueKeysWithValues: probes.dropFirst().map { ($0[0], $0) })
        #expect(results.keys.sorted() == ["Backup\\Nightly", "Files\\Export", "Files\\Import"])
        #expect(results["Files\\Export"]?[2] == "Failed" && results["Files\\Export"]?[3] == "snapshot_missing" + sentence)
        #expect(results["Files\\Import"]?[2] == "Succeeded" && results["Files\\Import"]?[3] == "")
        // When it ran, and when it runs next.
        for row in results.values { #expect(row.suffix(2).allSatisfy { $0.hasSuffix("Z") }, "\(row)") }
    }

    @Test("it shows what administrators have decided, who acknowledged a problem, and that it is in maintenance")
    func decisions()
        async throws
    {
        let site = try FileSite(["Files/Export", "Backup/Nightly"], servers: ["mbx01"])
        let daemon = try await site.startAgent()
        for name in ["Export", "Nightly"] { try site.remove(name) }
        for set in ["Files", "Backup"] { #expect(try await site.shows(set, "Unhealthy")) }
        for arguments in [
            ["override", "add", "Files/Export", "retries", "2", "--for", "2h", "--comment", "<b>slow</b> disk"],
            ["maintenance", "start", "--server", "mbx01", "--component", "Backup", "--for", "1h"],
            ["acknowledge", "ExportMonitor", "--server", "mbx01", "--comment", "on it"],
        ] {
            let ended = try await site.agent(arguments)
            #expect(ended.status == 0, "\(arguments): \(ended.errors)")
        }
        let page = try await Self.page(daemon)
        let user = String(cString: getpwuid(geteuid()).pointee.pw_name)
        func paragraph(_ words: String...) -> Bool { page.paragraphs.contains { text in words.allSatisfy { text.contains($0) } } }
        #expect(paragraph("Files\\Export", "retries", "2", "by \(user)"), "\(page.paragraphs)")
        #expect(paragraph("Backup on mbx01 is ", "by \(user)"), "\(page.paragraphs)")
        #expect(paragraph("Repairing", "Files\\ExportMonitor", "acknowledged by \(user); "), "\(page.paragraphs)")
        #expect(paragraph("Unhealthy", "Backup\\NightlyMonitor", "in maintenance; "), "\(page.paragraphs)")
        let states = Dictionary(uniqueKeysWithValues: try #require(page.tables["Health"]).dropFirst().map { ($0[0], [$0[2], $0[3]]) })
        #expect(states == ["Files": ["Online", "Repairing"], "Backup": ["Offline", "Unhealthy"]])
    }

    @Test("a configuration that is refused is shown with each error, the one in effect goes on")
    func refused() async throws {
        let site = try FileSite(["Files/Export"])
        let daemon = try await site.startAgent()
        #expect(try await site.shows("Files", "Healthy"))
        try site.directory.write("agent.yaml", try site.directory.text("agent.yaml") + "<colour>: red\n")
        #expect(try await site.agent(["reload"]).status == 2)
        let page = try await Self.page(daemon)
        #expect(page.paragraphs.contains { $0.contains("configuration on disk is invalid") })
        #expect(page.paragraphs.contains { $0.contains("agent.yaml:4:1: error: unknown key '<colour>'") }, "\(page.paragraphs)")
        #expect(page.tables["Probes"]?.count == 2)
        try site.directory.write("agent.yaml", try site.directory.text("agent.yaml").replacing("<colour>: red\n", with: ""))
        #expect(try await site.agent(["reload"]).status == 0)
        #expect(try await !Self.page(daemon).paragraphs.contains { $0.contains("invalid") })
    }
}
