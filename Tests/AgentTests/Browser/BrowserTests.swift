import FoundationEssentials
import TestSupport
import Testing

/// The status page in Debian's Chromium.
@Suite struct BrowserTests {
    private static let scripts = FileManager.default.currentDirectoryPath + "/Tests/AgentTests/Browser/"
    /// For people to look at.
    private static let pictures = FileManager.default.currentDirectoryPath + "/.build/screenshots"

    @Test(
        """
        it is readable and named for everybody at every size, dark and light; a fault shows by itself and takes nothing from the reader's \
        hands; nothing is loaded from elsewhere, and the console stays empty
        """)
    func page() async throws {
        let directory = try TemporaryDirectory()
        let ended = try await Program.run(
            Program.python, [Self.scripts + "page.py", AgentSite.executable, directory.path + "/demo", Self.pictures])
        #expect(ended.status == 0, "\(ended.output)\(ended.errors)")
    }
}
