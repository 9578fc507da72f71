import FoundationEssentials
import HTTPTypes
import Hummingbird

/// The auth metadata documents: Exchange's own on each mailbox server, and the auth server's.
struct MetadataService: Sendable {
    let tenant: LabTenant
    let place: Fault.Role?

    private struct Document: Encodable {
        struct Key: Encodable {
            struct Info: Encodable { var x5t: String }
            struct Value: Encodable {
                var type = "x509Certificate"
                var value: String
            }
            var usage = "signing"
            var keyinfo: Info
            var keyvalue: Value
        }
        struct Endpoint: Encodable {
            var location: String
            var `protocol` = "OAuth2"
            var usage: String
        }
        var id: String
        var version = "1.0"
        var name: String
        var realm: String
        var serviceName: String
        var issuer: String
        var allowedAudiences: [String]
        var keys: [Key]
        var endpoints: [Endpoint]
    }

    /// A mailbox server's. Publishers differ in small ways, and so do the lab's servers.
    func exchange(host: String, index: Int) throws -> Response {
        let application = "00000002-0000-0ff1-ce00-000000000000"
        let issuer = "\(application)@\(tenant.organization)"
        let installed = try isFaulty(.otherKey) ? tenant.certificates.certificate(.other) : tenant.installed()
        let document = Document(
            id: "_\(UUID().uuidString.lowercased())", name: "Exchange", realm: tenant.organization, serviceName: application,
            issuer: issuer,
            allowedAudiences: [issuer], keys: [key(installed)],
            endpoints: [.init(location: "https://\(host)/autodiscover/metadata/json/1", usage: "metadata")])
        return try respond(document, hasMark: index % 3 == 2, isCamelCase: index % 3 == 1)
    }

    /// The auth server's.
    func authServer(realm: String?) throws -> Response {
        guard let realm, tenant.namesTenant(realm) else { return Answer.text(.notFound, "no such realm") }
        let application = "00000001-0000-0000-c000-000000000000"
        let realmID = isFaulty(.wrongRealm) ? "99999999-0000-4000-8000-000000000099" : tenant.id
        var endpoints = [Document.Endpoint(location: tenant.metadataURL, usage: "metadata")]
        if !isFaulty(.noTokenEndpoint) { endpoints.append(.init(location: tenant.tokenEndpoint, usage: "issuance")) }
        let document = Document(
            id: "_\(UUID().uuidString.lowercased())", name: "ACS", realm: realmID, serviceName: application,
            issuer: "\(application)@\(realmID)",
            allowedAudiences: ["\(application)@\(realmID)"], keys: [key(try tenant.certificates.certificate(.healthy))],
            endpoints: endpoints)
        return try respond(document)
    }

    private func key(_ certificate: OAuthCertificates.Issued) -> Document.Key {
        Document.Key(keyinfo: .init(x5t: certificate.x5t), keyvalue: .init(value: Data(certificate.der).base64EncodedString()))
    }

    private func isFaulty(_ fault: Fault.Answer) -> Bool {
        guard let place, let active = tenant.board.answer(at: place) else { return false }
        switch (active, fault) {
        case (.otherKey, .otherKey), (.wrongRealm, .wrongRealm), (.noTokenEndpoint, .noTokenEndpoint): return true
        default: return false
        }
    }

    private func respond(_ document: Document, hasMark: Bool = false, isCamelCase: Bool = false) throws -> Response {
        var document = document
        if case .noKeys? = place.flatMap({ tenant.board.answer(at: $0) }) { document.keys = [] }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var text = String(decoding: try encoder.encode(document), as: UTF8.self)
        if isCamelCase { text = text.replacing("\"keyinfo\"", with: "\"keyInfo\"").replacing("\"keyvalue\"", with: "\"keyValue\"") }
        let bytes = (hasMark ? [0xEF, 0xBB, 0xBF] : []) + Array(text.utf8)
        return place.flatMap { tenant.board.answer(at: $0) }.flatMap { Answer.faulty($0, document: bytes) } ?? Answer.json(bytes)
    }
}
