import Certificates
import Documents

/// An auth metadata document as published by Exchange and by the auth server. Member names are matched ignoring case.
struct AuthMetadataDocument: Sendable {
    struct SigningKey: Sendable {
        var thumbprint: Thumbprint
        var facts: CertificateFacts
    }

    /// A domain, `*` or a GUID; empty if absent.
    var realm: String
    var issuer: String
    /// The valid signing keys in document order, at most `keyLimit`.
    var keys: [SigningKey]
    /// Why other signing keys are invalid, one clause each.
    var malformedKeys: [String]
    /// The URLs of the endpoints with usage `issuance`, which issue tokens.
    var tokenEndpoints: [String]

    static let keyLimit = 16

    /// The body is not an auth metadata document; one clause says why.
    struct Malformed: Error {
        var clause: String
    }

    /// Parses UTF-8 JSON, with or without a byte order mark.
    init(_ body: [UInt8]) throws(Malformed) {
        let root: JSONTree
        do { root = try JSONTree(body, within: .answer) } catch { throw Malformed(clause: error.description) }
        guard case .object = root else { throw Malformed(clause: "not a JSON object") }
        guard let keys = root["keys"]?.elements else { throw Malformed(clause: "no array 'keys'") }
        realm = root["realm"]?.text ?? ""
        issuer = root["issuer"]?.text ?? ""
        self.keys = []
        malformedKeys = []
        for key in keys.prefix(Self.keyLimit) where (key["usage"]?.text ?? "signing").lowercased() == "signing" {
            do throws(Malformed) { self.keys.append(try Self.signingKey(key)) } catch { malformedKeys.append(error.clause) }
        }
        // An invalid key is an error only if there is no valid one, since servers use any valid key.
        if self.keys.isEmpty, let clause = malformedKeys.first { throw Malformed(clause: clause) }
        tokenEndpoints = (root["endpoints"]?.elements ?? [])
            .filter { $0["usage"]?.text?.lowercased() == "issuance" }
            .compactMap { $0["location"]?.text }
            .filter { !$0.isEmpty }
    }

    private static func signingKey(_ key: JSONTree) throws(Malformed) -> SigningKey {
        guard let text = key["keyvalue"]?["value"]?.text, let der = Base64.decode(text), !der.isEmpty else {
            throw Malformed(clause: "a signing key without a certificate in 'keyvalue'")
        }
        let facts: CertificateFacts
        do { facts = try CertificateFacts.read(pemOrDER: der) } catch {
            throw Malformed(clause: "a signing key whose certificate cannot be read")
        }
        if let x5t = key["keyinfo"]?["x5t"]?.text, !x5t.isEmpty, Thumbprint(x5t: x5t) != facts.thumbprint {
            throw Malformed(clause: "a signing key whose x5t does not match its certificate, \(facts.thumbprint)")
        }
        return SigningKey(thumbprint: facts.thumbprint, facts: facts)
    }
}
