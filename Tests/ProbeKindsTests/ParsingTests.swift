import Certificates
import FoundationEssentials
import Probing
import TestSupport
import Testing

@testable import ProbeKinds

@Suite struct ChallengeTests {
    @Test("commas inside quotes part nothing, and several challenges share a header")
    func quoted() {
        let header =
            #"Negotiate, Bearer client_id="0000", trusted_issuers="00000001-0000@6f1d3a52,00000004-0000@contoso.com", realm="", authorization_uri="https://login.windows.net/common", Basic realm="a \"b\", c""#
        let challenges = Challenge.parse(header)
        #expect(challenges.map(\.scheme) == ["Negotiate", "Bearer", "Basic"])
        #expect(challenges[1].parameters["trusted_issuers"] == "00000001-0000@6f1d3a52,00000004-0000@contoso.com")
        #expect(challenges[1].parameters["realm"] == "")
        #expect(challenges[2].parameters["realm"] == #"a "b", c"#)
    }

    @Test("the Bearer challenge is found in any of several headers, in any case")
    func several() {
        #expect(Challenge.bearer(in: ["NTLM", "bearer client_id=x"])?.parameters == ["client_id": "x"])
        #expect(Challenge.bearer(in: ["NTLM", "Basic realm=\"Bearer\""]) == nil)
        #expect(Challenge.bearer(in: ["Bearer"])?.parameters == [:])
        #expect(Challenge.bearer(in: [",,=,\"", ""]) == nil)
    }
}

@Suite struct MetadataURLTests {
    @Test(
        "both forms name a tenant",
        arguments: [
            ("https://accounts.accesscontrol.windows.net/metadata/json/1/?realm=fabrikam.com", "fabrikam.com"),
            ("https://accounts.accesscontrol.windows.net/fabrikam.com/metadata/json/1", "fabrikam.com"),
            ("https://accounts.accesscontrol.windows.net/metadata/json/1?x=1&Realm=6f1d", "6f1d"),
            ("https://accounts.accesscontrol.windows.net/metadata/json/1", nil),
            ("https://accounts.accesscontrol.windows.net", nil),
        ] as [(String, String?)])
    func tenant(url: String, expected: String?) { #expect(MetadataURL(url).tenant == expected) }

    @Test("the tenant's id, the organization and its domains are right, in any case; others are not")
    func mismatch() {
        var organization = Organization()
        let url = "https://a.example/metadata/json/1/?realm="
        #expect(MetadataURL(url + "anything").mismatch(in: organization) == nil)
        organization.name = "fabrikam.com"
        organization.tenant.id = "6F1D3A52-0F5E-4A53-9A0D-0D6A1F0C9B11"
        organization.tenant.domains = ["fabrikam.mail.onmicrosoft.com"]
        for name in ["Fabrikam.com", "6f1d3a52-0f5e-4a53-9a0d-0d6a1f0c9b11", "fabrikam.mail.onmicrosoft.com"] {
            #expect(MetadataURL(url + name).mismatch(in: organization) == nil)
        }
        #expect(MetadataURL(url + "contoso.com").mismatch(in: organization)?.reason == .metadataURLMismatch)
        #expect(MetadataURL("https://a.example/metadata/json/1").mismatch(in: organization)?.stage == .config)
    }
}

@Suite struct AuthMetadataDocumentTests {
    @Test(
        "what is no document is refused in a clause",
        arguments: [
            ("", "not valid JSON (line 1, column 1)"), ("[]", "not a JSON object"), ("{}", "no array 'keys'"),
            (#"{"keys": 1}"#, "no array 'keys'"),
            (#"{"keys": [{"usage": "signing"}]}"#, "a signing key without a certificate in 'keyvalue'"),
            (#"{"keys": [{"keyValue": {"value": "AAAA"}}]}"#, "a signing key whose certificate cannot be read"),
        ])
    func malformed(text: String, clause: String) {
        do {
            _ = try AuthMetadataDocument(Array(text.utf8))
            #expect(Bool(false), "it was read")
        } catch {
            #expect(error.clause == clause)
        }
    }

    @Test("a document nested deep is refused for that; of members that differ in case the one spelled right is read, always")
    func deterministic() throws {
        let ones = Array(repeating: "1", count: 450_000).joined(separator: ",")
        let nested = "{\"keys\":[],\"x\":" + String(repeating: "[", count: 505) + ones + String(repeating: "]", count: 505) + "}"
        let error = #expect(throws: AuthMetadataDocument.Malformed.self) { try AuthMetadataDocument(Array(nested.utf8)) }
        #expect(error?.clause == "nested deeper than 32")
        for text in [#"{"keys": [], "KEYS": 1}"#, #"{"KEYS": 1, "keys": []}"#] {
            for _ in 0..<20 { #expect(try AuthMetadataDocument(Array(text.utf8)).keys.isEmpty) }
        }
    }

    @Test("member names in any case and a byte order mark are read; no keys is a document without keys")
    func shapes() throws {
        let text = #"{"REALM": "*", "Keys": [], "endpoints": [{"Usage": "Issuance", "location": "https://t.example/"}]}"#
        let document = try AuthMetadataDocument([0xEF, 0xBB, 0xBF] + Array(text.utf8))
        #expect(document.realm == "*")
        #expect(document.keys.isEmpty)
        #expect(document.tokenEndpoints == ["https://t.example/"])
    }
}

@Suite struct RedactionTests {
    @Test("a secret a peer sends back is masked, also in part and as any token")
    func masked() {
        let secret = "eyJhbGciOi.eyJhdWQiOi.c2lnbmF0dXJl"
        let masked = Redaction(secrets: [secret]).firstLine(
            of: "AADSTS7000: assertion '\(secret)' is bad, eyJzb21ldGhpbmciOiJlbHNlIn0 too\nmore")
        #expect(masked == "AADSTS7000: assertion '[masked]' is bad, [masked] too")
    }
}
