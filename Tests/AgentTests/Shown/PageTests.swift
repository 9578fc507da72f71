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
        var headline: String
        /// By the headings before them, the texts of each problem's card.
        var cards: [String]
        /// By their headings, each with its header row first.
        var tables: [String: [[String]]]
        var paragraphs: [String]
        var links: [Link]
        /// How many elements there are of each name.
        var elements: [String: Int]
    }

    private static let parser = """
        import html.parser, json, sys
        void = {"meta", "br", "link", "img", "input", "hr"}
        shapes = {"use", "path", "line", "rect"}
        class Reader(html.parser.HTMLParser):
            def __init__(self):
                super().__init__(convert_charrefs=True)
                self.open, self.faults, self.tables, self.paragraphs, self.links, self.cards = [], [], {}, [], [], []
                self.heading = self.title = self.headline = ""
                self.elements = {}
            def handle_startendtag(self, tag, attributes):
                self.elements[tag] = self.elements.get(tag, 0) + 1
                if tag not in shapes: self.faults.append(tag + "/")
            def handle_starttag(self, tag, attributes):
                self.elements[tag] = self.elements.get(tag, 0) + 1
                if tag in void: return
                self.open.append(tag)
                if tag == "h2": self.heading = ""
                if tag == "article": self.cards.append("")
                if tag == "table": self.tables[self.heading] = []
                if tag == "tr": self.tables[self.heading].append([])
                if tag in ("td", "th"): self.tables[self.heading][-1].append("")
                if tag == "p": self.paragraphs.append("")
                if tag == "a": self.links.append({"href": dict(attributes).get("href") or "", "text": ""})
            def handle_endtag(self, tag):
                if not self.open or self.open.pop() != tag: self.faults.append(tag)
            def handle_data(self, data):
                if "title" in self.open: self.title += data
                if "h1" in self.open: self.headline += data
                if "h2" in self.open: self.heading += data
                if "article" in self.open: self.cards[-1] += data
                if "td" in self.open or "th" in self.open: self.tables[self.heading][-1][-1] += data
                if "p" in self.open: self.paragraphs[-1] += data
                if "a" in self.open: self.links[-1]["text"] += data
        reader = Reader()
        reader.feed(open(sys.argv[1], encoding="utf-8", newline="").read())
        reader.close()
        print(json.dumps({"title": reader.title, "headline": reader.headline, "elements": reader.elements, "cards": reader.cards, "faults": reader.faults + reader.open, "tables": reader.tables,
                          "paragraphs": reader.paragraphs, "links": reader.links}))
        """

    private static func page(_ daemon: Daemon, _ path: String = "/", _ options: [String] = []) async throws -> Page {
        let directory = try TemporaryDirectory()
        let file = try directory.write("page.html", try await daemon.get(path, options))
        let ended = try await Program.run(Program.python, ["-c", parser, file])
        #expect(ended.status == 0, "\(ended.errors)")
        let page = try JSONDecoder().decode(Page.self, from: Data(ended.output.utf8))
        // The title says first what the page does.
        #expect(page.faults == [] && !page.headline.isEmpty && page.title.hasPrefix(page.headline + " – "))
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
        #expect(page.headline == "Nothing is monitored yet" && page.title.hasSuffix(" – agent"))
        #expect(page.paragraphs.contains { $0.contains("no 'servers' are configured") && $0.contains("add each") })
    }

    @Test("it shows each health set with its state, each problem with its sentence and the way to its remedy, and each probe")
    func problem() async throws {
        let site = try FileSite(["Files/Export", "Files/Import", "Backup/Nightly"])
        let daemon = try await site.startAgent()
        try site.remove("Export")
        #expect(try await site.shows("Files", "Unhealthy"))
        #expect(try await site.shows("Backup", "Healthy"))
        let page = try await Self.page(daemon)

        #expect(page.headline == "1 problem: snapshot missing" && page.title == "1 problem: snapshot missing – fabrikam.com")
        let sentence = "\(site.directory.path)/watched/Export: No such file or directory"
        #expect(page.cards.count == 1, "\(page.cards)")
        for words in [
            sentence, "Files\\ExportMonitor", "since ", "the organization", "Export it again", "agent invoke Files/Export --config ",
        ] {
            #expect(page.cards[0].contains(words), "\(words) is not in \(page.cards)")
        }
        let command = try #require(page.cards[0].split(separator: "\n").first { $0.contains("agent invoke") })
        #expect(command.contains("--config \(site.directory.path)/agent.yaml"))
        let link = try #require(page.links.first { $0.text == "snapshot_missing" })
        // Relative, for an agent below a prefix.
        #expect(link.href == "explain/snapshot_missing")
        let explained = try await daemon.get("/" + link.href)
        #expect(explained.hasPrefix("snapshot_missing\n\n") && explained.contains("What to do: "), "\(explained)")
        // No link leads to a document for programs, but in the footer.
        #expect(page.links.filter { $0.href.contains("api/v1") }.map(\.href) == ["./api/v1/openapi.json"])

        let probes = try #require(page.tables["Probes"])
        #expect(probes.first?.prefix(2) == ["State", "Probe"] && probes.dropFirst().allSatisfy { $0.count == probes[0].count })
        // The worst first.
        #expect(probes.dropFirst().map(\.[0]) == ["Failed", "Succeeded", "Succeeded"])
        #expect(probes[1][1].hasPrefix("Files\\Export ") && probes[1][1].hasSuffix("snapshot_missing: " + sentence))
        #expect(probes.dropFirst(2).map(\.[1]).sorted() == ["Backup\\Nightly ", "Files\\Import "])
        // When it ran, and when it runs next.
        for row in probes.dropFirst() { #expect(row.last?.contains("next ") == true, "\(row)") }

        let failing = try await Self.page(daemon, "/?state=failing&q=export")
        #expect(failing.tables["Probes"]?.count == 2 && failing.headline == page.headline)
        let none = try await Self.page(daemon, "/?state=failing&q=import")
        #expect(none.tables["Probes"] == nil)
        // Nonsense is as if it were not there.
        #expect(try await Self.page(daemon, "/?state=%00&rows=-1&colour=red").tables["Probes"]?.count == 4)
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
        #expect(paragraph("Files\\Export", "retries", "2", "by \(user)", "<b>slow</b> disk"), "\(page.paragraphs)")
        #expect(paragraph("In maintenance: Backup on mbx01", "by \(user)"), "\(page.paragraphs)")
        #expect(page.headline == "No problem alerts; 1 acknowledged, 1 in maintenance")
        let export = try #require(page.cards.first { $0.contains("Files\\ExportMonitor") })
        #expect(export.contains("acknowledged") && export.contains("by \(user) ") && export.contains("on it"), "\(export)")
        let nightly = try #require(page.cards.first { $0.contains("Backup\\NightlyMonitor") })
        #expect(nightly.contains("in maintenance"), "\(nightly)")
        let rows = try #require(page.tables["Probes"])
        #expect(rows.contains { $0[1].contains("Export mbx01 acknowledged by \(user)") }, "\(rows)")
        #expect(rows.contains { $0[1].contains("Nightly mbx01 in maintenance") }, "\(rows)")
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

    @Test("names, paths and comments that look like HTML are text wherever they are shown")
    func hostile() async throws {
        let site = try FileSite(["Files/Export"])
        let evil = "<script>alert(1)</script>\u{301}<\u{301}img src=x onerror='alert(2)'>&lt;\"{{title}}"
        try site.directory.write(
            "probes/evil.yaml",
            """
            healthSet: '<i>Set'
            name: '"><img'
            kind: file-age
            scope: organization
            every: 1s
            timeout: 900ms
            options: { path: '/nowhere/\(evil.replacing("'", with: "''"))' }
            monitors: [{ name: '<b>Monitor', when: { consecutiveFailures: 1 }, degradedFor: 100ms }]

            """)
        let daemon = try await site.startAgent()
        #expect(try await site.shows("<i>Set", "Unhealthy"))
        let ended = try await site.agent(["maintenance", "start", "--server", "*", "--for", "1h", "--comment", evil])
        #expect(ended.status == 0, "\(ended.errors)")
        let page = try await Self.page(daemon, "/", ["-G", "--data-urlencode", "q=" + evil])
        #expect(page.cards.count == 1 && page.cards[0].contains("/nowhere/" + evil), "\(page.cards)")
        #expect(page.cards[0].contains("<b>Monitor") && page.paragraphs.contains { $0.hasSuffix(": " + evil) })
        #expect(page.elements["script"] == 1 && page.elements["img"] == nil && page.elements["i"] == nil, "\(page.elements)")
        #expect(page.tables["Probes"]?.count == 2)
        let picture = try await daemon.get("/certificates.svg")
        #expect(picture.hasPrefix("<svg") && picture.hasSuffix("</svg>"))
    }
}
