import Documents
import Testing

@Suite struct XMLTextTests {
    private static func texts(_ text: String) -> String {
        do throws(XMLFault) { return try XMLText.texts(of: "X509Certificate", in: Array(text.utf8)).joined(separator: "|") } catch {
            return error.description
        }
    }

    @Test("elements are found by their local name, in any namespace and at any depth, in document order")
    func found() {
        let text = """
            <?xml version="1.0"?><a xmlns:d="urn:d"><b><d:X509Certificate>one</d:X509Certificate></b><!-- <X509Certificate>no</X509Certificate> -->
            <c><X509Certificate xmlns="urn:e">tw<i>o</i></X509Certificate></c><X509Certificate/><Other>no</Other></a>
            """
        #expect(Self.texts(text) == "one|two|")
        #expect(Self.texts("<X509Certificate>root</X509Certificate>") == "root")
        #expect(Self.texts("\u{FEFF}<a/>") == "")
        // Not again inside itself, so that the cost is that of the document's length.
        let nested = String(repeating: "<X509Certificate>", count: 200) + "x" + String(repeating: "</X509Certificate>", count: 200)
        #expect(Self.texts("<a>\(nested)<X509Certificate>y</X509Certificate></a>") == "x|y")
        #expect(Self.texts("<a><X509Certificate>\(String(repeating: "x", count: 300_000))</X509Certificate></a>") == "")
    }

    @Test(
        "what is not well-formed, nested without end, or has entities of its own is refused",
        arguments: [
            ("", "not well-formed XML"), ("<a>", "not well-formed XML"), ("{\"a\": 1}", "not well-formed XML"),
            ("<a>&unknown;</a>", "not well-formed XML"), (String(repeating: "<a>", count: 100_000), "not well-formed XML"),
            (
                "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a><X509Certificate>&x;</X509Certificate></a>",
                "XML with a document type"
            ),
            (
                "<!DOCTYPE a [<!ENTITY x \"xxxxxxxxxx\"><!ENTITY y \"&x;&x;&x;&x;\">]><a><X509Certificate>&y;</X509Certificate></a>",
                "XML with a document type"
            ),
        ])
    func refused(text: String, expected: String) { #expect(Self.texts(text) == expected) }
}
