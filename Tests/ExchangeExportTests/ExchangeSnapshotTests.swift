import Certificates
import Documents
import ExchangeExport
import FoundationEssentials
import TestSupport
import Testing

@Suite struct ExchangeSnapshotTests {
    private static func fixture(_ name: String) throws -> [UInt8] {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures")
        return Array(try Data(contentsOf: folder.appending(path: name)))
    }

    private static func problem(_ text: String) -> String { problem(Array(text.utf8)) }

    private static func problem(_ bytes: [UInt8]) -> String {
        do throws(SnapshotUnreadable) {
            _ = try ExchangeSnapshot(bytes)
            return "none"
        } catch { return error.description }
    }

    @Test("a snapshot of Exchange 2016 says which cmdlet it lacks, and has no next certificate")
    func exchange2016() throws {
        let snapshot = try ExchangeSnapshot(Self.fixture("exchange-2016.json"))
        #expect(snapshot.authConfig?.current == Thumbprint("7595DBDEA83DACB5757441D44899BCDB9911253C"))
        #expect(snapshot.authConfig?.previousThumbprint != nil && snapshot.authConfig?.previous == nil && snapshot.authConfig?.next == nil)
        #expect(snapshot.settingOverrides == nil && snapshot.errors?.first?.kind == .denied)
        #expect(snapshot.servers.map(\.isReachable) == [true, true])
        #expect(snapshot.server(named: "MBX02.fabrikam.com")?.certificates?.first?.hasPrivateKey == true)
    }

    @Test(
        "a snapshot of Subscription Edition, with and without a byte order mark, has the next certificate, the override and a server that is away"
    )
    func subscriptionEdition() throws {
        let bytes = try Self.fixture("subscription-edition.json")
        for prefix in [[], [0xEF, 0xBB, 0xBF] as [UInt8]] {
            let snapshot = try ExchangeSnapshot(prefix + bytes)
            #expect(snapshot.authConfig?.next == Thumbprint("E1BDF9AE58C93C75E76C9DD882138FB8FF0FA786"))
            #expect(snapshot.authConfig?.nextEffectiveDate == (try Date("2026-12-02T08:00:00Z", strategy: .iso8601)))
            #expect(snapshot.authServers?.map(\.type) == ["MicrosoftACS", "AzureAD"])
            #expect(snapshot.settingOverrides?.first?.section == "ExchangeOnpremAsThirdPartyAppId")
            let away = try #require(snapshot.server(named: "mbx03.fabrikam.com"))
            #expect(!away.isReachable && away.certificates == nil && away.error == "The RPC server is unavailable.")
        }
    }

    /// What `Export-Clixml` of Windows PowerShell writes of the object that the script makes.
    private static func exported(_ value: JSONTree, name: String? = nil) -> String {
        let n = name.map { " N=\"\($0)\"" } ?? ""
        let id = "RefId=\"\(Int.random(in: 1...1_000_000_000))\""
        switch value {
        case .object(let members):
            let entries = members.map { "<En><S N=\"Key\">\($0.name)</S>\(exported($0.value, name: "Value"))</En>" }.joined()
            return
                "<Obj\(n) \(id)><TN RefId=\"1\"><T>System.Collections.Specialized.OrderedDictionary</T></TN><DCT>\(entries)</DCT></Obj>"
        case .array(let elements): return "<Obj\(n) \(id)><TNRef RefId=\"2\"/><LST>\(elements.map { exported($0) }.joined())</LST></Obj>"
        case .bool(let value): return "<B\(n)>\(value)</B>"
        case .number(let number): return "<I32\(n)>\(Int(number))</I32>"
        case .text(let text):
            return "<S\(n)>\(text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing("\n", with: "_x000A_"))</S>"
        case .null: return "<Nil\(n)/>"
        }
    }

    private static func clixml(_ body: String) -> String {
        "<Objs Version=\"1.1.0.1\" xmlns=\"http://schemas.microsoft.com/powershell/2004/04\">\n\(body)\n</Objs>"
    }

    @Test(
        "a snapshot that Export-Clixml has written, in UTF-16 as Windows PowerShell does, and in UTF-8, is the same",
        arguments: [true, false])
    func clixml(isUTF16: Bool) throws {
        let bytes = try Self.fixture("subscription-edition.json")
        let text = Self.clixml(Self.exported(try JSONTree(bytes, within: JSONBounds(values: 100_000))))
        let written: [UInt8] = isUTF16 ? [0xFF, 0xFE] + text.utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] } : Array(text.utf8)
        let (snapshot, expected) = (try ExchangeSnapshot(written), try ExchangeSnapshot(bytes))
        #expect("\(snapshot)" == "\(expected)")
    }

    @Test(
        "of CLIXML, members are read whatever they are called in, references are followed, and nothing is made of serialized data",
        arguments: [
            (
                #"<Obj RefId="0"><MS><I32 N="schema">1</I32><DT N="collectedAt">2026-11-26T03:00:07.1234567+00:00</DT><Obj N="organization" RefId="1"><MS><S N="name">Fabrikam_x0020_Inc</S></MS></Obj><Obj N="servers" RefId="2"><LST /></Obj><BA N="SerializationData">AAEAAAD/////</BA></MS></Obj>"#,
                "none"
            ),
            (
                #"<Obj RefId="0"><MS><I32 N="schema">1</I32><S N="collectedAt">2026-11-26T03:00:07Z</S><Obj N="organization" RefId="1"><MS><S N="name">a_x000A_b</S></MS></Obj><Obj N="servers" RefId="2"><LST /></Obj></MS></Obj>"#,
                "contains a 'organization.name' that is not one line of text"
            ),
            (#"<Obj RefId="0"><MS><Ref N="a" RefId="0" /></MS></Obj>"#, "is nested deeper than 32"),
            (#"<Obj RefId="0"><MS><Ref N="a" RefId="7" /></MS></Obj>"#, "refers to an object that it does not contain"),
            (#"<S>text</S>"#, "is no snapshot of this agent's format"),
            ("", "is XML, but was not written by Export-Clixml"),
        ])
    func clixmlForms(body: String, expected: String) {
        #expect(Self.problem(Self.clixml(body)).contains(expected), "\(Self.problem(Self.clixml(body)))")
    }

    @Test("objects that are multiplied by references are refused before they fill the memory; XML cut off is half-written")
    func clixmlBounds() {
        let levels = (1...10).map { level in
            "<Obj RefId=\"\(level)\"><LST>" + String(repeating: "<Ref RefId=\"\(level - 1)\" />", count: 10) + "</LST></Obj>"
        }
        let bomb = "<Obj RefId=\"100\"><LST><Ref RefId=\"10\" /><Obj RefId=\"0\"><LST><S>x</S></LST></Obj>\(levels.joined())</LST></Obj>"
        #expect(Self.problem(Self.clixml(bomb)).contains("contains more than 2000000 values"))
        #expect(Self.problem(String(Self.clixml("<S>a</S>").dropLast(3))).contains("is not well-formed XML: it may be half-written"))
    }

    private static let head = #""schema": 1, "collectedAt": "2026-11-26T03:00:07Z", "organization": { "name": "Fabrikam" }"#

    @Test(
        "what is no snapshot is refused in a sentence that says where",
        arguments: [
            ("", "is not valid JSON (line 1, column 1)"),
            ("{\(head), \"servers\": [", "is not valid JSON (line 1, column"),
            (String(repeating: "[", count: 40), "is nested deeper than 32"),
            ("[]", "has the wrong type"),
            ("{}", "'schema' is missing"),
            ("{\(head)}", "'servers' is missing"),
            ("{\(head), \"servers\": [{ \"name\": \"a\" }]}", "'servers[0].isReachable' is missing"),
            ("{\(head), \"servers\": [{ \"name\": 5, \"isReachable\": true }]}", "'servers[0].name' has the wrong type"),
            ("{\(head), \"servers\": [{ \"name\": \"a\\nb\", \"isReachable\": true }]}", "'servers.name' that is not one line"),
            (
                "{\(head), \"servers\": [{ \"name\": \"a\", \"isReachable\": true }, { \"name\": \"A\", \"isReachable\": true }]}",
                "contains the server 'A' twice"
            ),
            (
                "{\(head), \"servers\": [], \"authConfig\": { \"currentThumbprint\": \"xyz\" }}",
                "'authConfig.currentThumbprint': expected a thumbprint"
            ),
            (
                "{\(head.replacing("2026-11-26T03:00:07Z", with: "yesterday")), \"servers\": []}",
                "'collectedAt': expected a time such as 2027-01-31T12:00:00Z"
            ),
            ("{\(head.replacing("1,", with: "2,")), \"servers\": []}", "has format 2, this agent reads 1"),
        ])
    func refused(text: String, expected: String) {
        let problem = Self.problem(text)
        #expect(problem.contains(expected), "\(problem)")
    }

    @Test("a file in UTF-16, and one of many values, is refused")
    func bounds() {
        #expect(Self.problem([0xFF, 0xFE, 0x7B, 0x00]).contains("'Out-File -Encoding utf8'"))
        let many = "{\(Self.head), \"servers\": [" + String(repeating: "0,", count: 2_000_001) + "0]}"
        #expect(Self.problem(many).contains("more than 2000000 values"))
    }

    @Test("the store reads a changed file again, and keeps the last readable snapshot beside the problem")
    func store() throws {
        let directory = try TemporaryDirectory()
        let store = SnapshotStore()
        let path = directory.path + "/facts.json"
        guard case .missing? = store.read(path).problem else { return #expect(Bool(false), "\(store.read(path))") }
        try directory.write("facts.json", "{\(Self.head), \"servers\": []}")
        #expect(store.read(path).problem == nil && store.read(path).snapshot?.servers.count == 0)
        try directory.write("facts.json", "{\(Self.head), \"servers\": [{ \"name\": \"a\", \"isReachable\": true }]}")
        #expect(store.read(path).snapshot?.servers.count == 1)
        try directory.write("facts.json", "{\(Self.head), \"servers\": [{")
        let half = store.read(path)
        guard case .unreadable(let sentence)? = half.problem else { return #expect(Bool(false), "\(half)") }
        #expect(sentence.hasPrefix(path + " is not valid JSON") && half.snapshot?.servers.count == 1)
        store.clear()
        #expect(store.read(path).snapshot == nil)
    }
}
