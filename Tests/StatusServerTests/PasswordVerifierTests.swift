import Testing

@testable import StatusServer

/// Logins against bcrypt hashes, and what is remembered of them.
@Suite struct PasswordVerifierTests {
    /// Of `dave123`.
    private static let hash = "$2y$04$PY5Sqt6XaldB2.JKzk2BFu/9oJV.envJLIJTtms/hRui68y3GwRtS"
    /// Of `carol123`.
    private static let other = "$2b$04$PY5Sqt6XaldB2.JKzk2BFueEhL1NGHqDcZ.iwrHCxjgLOgqw3yIwe"

    @Test("an answer that is remembered is that of the same user, hash and password, and of no other")
    func remembered() async {
        let verifier = PasswordVerifier()
        for _ in 0..<2 {
            #expect(await verifier.verify("dave123", of: "dave", among: ["dave": Self.hash]) == .right)
            #expect(await verifier.verify("dave123", of: "eve", among: ["dave": Self.hash]) == .wrong)
            #expect(await verifier.verify("dave123", of: "dave", among: ["dave": Self.other]) == .wrong)
            #expect(await verifier.verify(Self.hash, of: "dave", among: ["dave": Self.hash]) == .wrong)
            #expect(await verifier.verify("", of: "dave", among: ["dave": Self.hash]) == .wrong)
            // The parts joined without their lengths would be those of the first line.
            #expect(await verifier.verify("", of: "dave" + Self.hash + "dave123", among: ["dave": Self.hash]) == .wrong)
            #expect(await verifier.verify("dave123", of: "dave" + Self.hash, among: ["dave": Self.hash]) == .wrong)
            #expect(await verifier.verify("dave123\0", of: "dave", among: ["dave": Self.hash]) == .wrong)
        }
    }

    @Test("of very many logins only some are remembered, and all are judged")
    func many() async {
        let verifier = PasswordVerifier()
        #expect(await verifier.verify("dave123", of: "dave", among: ["dave": Self.hash]) == .right)
        for number in 0..<300 { #expect(await verifier.verify("guess \(number)", of: "dave", among: ["dave": Self.hash]) == .wrong) }
        #expect(await verifier.verify("dave123", of: "dave", among: ["dave": Self.hash]) == .right)
        #expect(await verifier.verify("guess 0", of: "dave", among: ["dave": Self.hash]) == .wrong)
    }

    @Test(
        "only what RFC 7617 calls a login is one",
        arguments: [
            ("Basic ZGF2ZTpkYXZlMTIz", "dave", "dave123"), ("basic ZGF2ZTpkYXZlMTIz", "dave", "dave123"), ("Basic OmE6Yg==", "", "a:b"),
            ("Basic ZGF2ZQ==", nil, nil), ("Basic !", nil, nil), ("Basic", nil, nil), ("Bearer ZGF2ZTpkYXZlMTIz", nil, nil), ("", nil, nil),
        ])
    func header(text: String, user: String?, password: String?) {
        let login = WebMiddleware.login(text)
        #expect(login?.user == user && login?.password == password)
    }
}
