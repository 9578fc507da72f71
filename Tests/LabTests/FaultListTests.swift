import FoundationEssentials
import Lab
import Testing

@Suite struct FaultListTests {
    @Test("there are at least 25 faults, each with a name and an expectation of its own")
    func names() {
        #expect(Fault.all.count >= 25)
        #expect(Set(Fault.all.map(\.name)).count == Fault.all.count)
        #expect(Fault.all.allSatisfy { !$0.expectations.isEmpty })
    }

    @Test("the table in the lab's README is the one the program prints")
    func table() throws {
        var folder = #filePath.split(separator: "/").dropLast(3).map(String.init)
        folder += ["Sources", "Lab", "README.md"]
        let text = String(decoding: try Data(contentsOf: URL(filePath: "/" + folder.joined(separator: "/"))), as: UTF8.self)
        #expect(text.contains("<!-- faults -->\n" + FaultList.markdown + "\n<!-- /faults -->"))
    }
}
