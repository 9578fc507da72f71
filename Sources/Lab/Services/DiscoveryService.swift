import FoundationEssentials
import HTTPTypes
import Hummingbird

/// What the tenant publishes about its tokens: the OpenID discovery document, the key set and the federation metadata.
struct DiscoveryService: Sendable {
    let tenant: LabTenant

    private struct Configuration: Encodable {
        var issuer: String
        var token_endpoint: String?
        var jwks_uri: String
    }

    private struct KeySet: Encodable {
        struct Key: Encodable {
            var kty = "RSA"
            var use = "sig"
            var x5t: String
            var x5c: [String]
        }

        var keys: [Key]
    }

    func add(to router: Router<BasicRequestContext>) {
        router.get("/{tenant}/v2.0/.well-known/openid-configuration") { _, context in
            try answer(.discovery, context) { fault in
                var document = Configuration(
                    issuer: "\(host)/\(tenant.id)/v2.0", token_endpoint: tenant.tokenEndpointByID,
                    jwks_uri: "\(host)/\(tenant.id)/discovery/v2.0/keys")
                if case .wrongRealm? = fault { document.issuer = "\(host)/00000000-1111-2222-3333-444444444444/v2.0" }
                if case .noTokenEndpoint? = fault { document.token_endpoint = nil }
                return Array(try JSONEncoder().encode(document))
            }
        }
        router.get("/{tenant}/discovery/v2.0/keys") { _, context in
            try answer(.keySet, context) { fault in
                let issued = try certificate(fault)
                let key = KeySet.Key(x5t: issued.x5t, x5c: [Data(issued.der).base64EncodedString()])
                if case .noKeys? = fault { return Array(try JSONEncoder().encode(KeySet(keys: []))) }
                return Array(try JSONEncoder().encode(KeySet(keys: [key])))
            }
        }
        router.get("/{tenant}/FederationMetadata/2007-06/FederationMetadata.xml") { _, context in
            try answer(.federation, context) { fault in
                let text = """
                    <?xml version="1.0" encoding="utf-8"?>
                    <EntityDescriptor entityID="https://sts.windows.net/\(tenant.id)/" xmlns="urn:oasis:names:tc:SAML:2.0:metadata">
                      <RoleDescriptor><KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data>
                        <X509Certificate>\(Data(try certificate(fault).der).base64EncodedString())</X509Certificate>
                      </X509Data></KeyInfo></KeyDescriptor></RoleDescriptor>
                    </EntityDescriptor>
                    """
                return Array(text.utf8)
            }
        }
    }

    private var host: String { "https://login.microsoftonline.com" }

    private func certificate(_ fault: Fault.Answer?) throws -> OAuthCertificates.Issued {
        if case .expiredKeys? = fault { return try tenant.certificates.certificate(.expired) }
        return try tenant.certificates.certificate(.other)
    }

    private func answer(
        _ role: Fault.Role, _ context: BasicRequestContext, _ document: (Fault.Answer?) throws -> [UInt8]
    ) throws -> Response {
        guard tenant.namesTenant(try context.parameters.require("tenant")) else {
            return Answer.json(
                Array(#"{"error":"invalid_tenant","error_description":"AADSTS90002: Tenant not found."}"#.utf8), status: .badRequest)
        }
        let fault = tenant.board.answer(at: role)
        let bytes = try document(fault)
        return fault.flatMap { Answer.faulty($0, document: bytes) } ?? Answer.json(bytes)
    }
}
