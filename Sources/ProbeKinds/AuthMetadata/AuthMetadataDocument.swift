import Certificates
import Documents

/// An auth metadata document, as Exchange and the auth server publish it. Member names are read in any case.
struct AuthMetadataDocument: Sendable {
    struct SigningKey: Sendable {
        var thumbprint: Thumbprint
        var facts: CertificateFacts
    }

    /// A domain, `*` or a GUID; empty where absent.
    var realm: String
    var issuer: String
    /// Signing keys in the document's order, at most `keyLimit`.
    var keys: [SigningKey]
    /// Why others of its signing keys are none, a clause each.
    var malformedKeys: [String]
    /// Locations of endpoints with the usage `issuance`: where tokens are made.
    var tokenEndpoints: [String]

    static let keyLimit = 16

    /// Why a body is no such document, as one clause.
    struct Malformed: Error {
        var clause: String
    }

    /// Reads UTF-8 JSON, with or without a byte order mark.
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
        // A good key beside it is what servers go by; without one there is nothing to go by.
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
            throw Malformed(clause: "a signing key whose x5t is not its certificate's, \(facts.thumbprint)")
        }
        return SigningKey(thumbprint: facts.thumbprint, facts: facts)
    }
}
