import FoundationEssentials
import Lab
import Testing

@Suite struct FaultListTests {
    @Test("each fault has a name of its own, in lower case, by which it is found whatever the case")
    func names() {
        #expect(Set(Fault.all.map(\.name)).count == Fault.all.count && !Fault.all.isEmpty)
        for fault in Fault.all {
            #expect(!fault.name.isEmpty && fault.name.allSatisfy { $0.isASCII && ($0.isLowercase || $0.isNumber || $0 == "-") })
            #expect(Fault.named(fault.name.uppercased())?.name == fault.name)
        }
        #expect(Fault.named("metadata") == nil)
    }

    @Test("a fault names the probes that see it, each once, with the result, reason and stage", arguments: Fault.all.map(\.name))
    func expectations(name: String) throws {
        let fault = try #require(Fault.named(name))
        #expect(fault.summary.hasSuffix(".") && !fault.expectations.isEmpty)
        #expect(Set(fault.expectations.map(\.probe)).count == fault.expectations.count)
        for expected in fault.expectations {
            #expect(expected.probe.split(separator: "/").count == 2 && !expected.reason.isEmpty && !expected.stage.isEmpty)
            // A success without a warning is not how a fault is seen.
            let statuses = ["Succeeded": 0, "Timeout": 1, "Failed": 1, "Rejected": 2]
            #expect(expected.isWarning == (expected.resultType == "Succeeded"), "\(expected)")
            #expect(expected.exitStatus == statuses[expected.resultType], "\(expected)")
        }
    }

    @Test("the table in the lab's README is the one the program prints")
    func table() throws {
        var folder = #filePath.split(separator: "/").dropLast(3).map(String.init)
        folder += ["Sources", "Lab", "README.md"]
        let text = String(decoding: try Data(contentsOf: URL(filePath: "/" + folder.joined(separator: "/"))), as: UTF8.self)
        #expect(text.contains("<!-- faults -->\n" + FaultList.markdown + "\n<!-- /faults -->"))
        for fault in Fault.all { #expect(text.contains("| `\(fault.name)` | \(fault.summary) |")) }
    }
}
