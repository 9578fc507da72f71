import Testing

@testable import Exposition

@Suite struct ExporterNameTests {
    @Test(
        "the order is blackbox_exporter's, whatever the certificate's",
        arguments: [
            ("O=Example,CN=Root", "CN=Root,O=Example"), ("CN=a,O=b,L=c,ST=d,C=e", "CN=a,ST=d,L=c,O=b,C=e"), ("", ""),
            // Several of a type are joined in the order of the certificate.
            ("CN=a,OU=second,OU=first", "CN=a,OU=first+OU=second"), ("CN=last,CN=first", "CN=last"),
            ("CN=a,DC=example,DC=test", "CN=a,0.9.2342.19200300.100.1.25=#13076578616d706c65,0.9.2342.19200300.100.1.25=#130474657374"),
            ("CN=a,emailAddress=me@b.test", "CN=a,1.2.840.113549.1.9.1=#0c096d6540622e74657374"),
            ("street=1 Way,postalCode=8,serialNumber=7,CN=x\\\\y", "SERIALNUMBER=7,CN=x\\\\y,POSTALCODE=8,STREET=1 Way"),
            ("O=\\\"q\\\"\\, <x>\\;+CN=\\ a\\ ", "CN=\\ a\\ ,O=\\\"q\\\"\\, \\<x\\>\\;"), ("CN=\\#x", "CN=\\#x"),
        ])
    func text(name: String, text: String) { #expect(ExporterName.text(name) == text) }
}
