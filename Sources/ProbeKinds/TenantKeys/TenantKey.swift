import Certificates
import Documents
import FoundationEssentials

/// One of an application's `keyCredentials`.
struct TenantKey: Sendable {
    /// Of the certificate; nil if the entry does not tell.
    var thumbprint: Thumbprint?
    var begin: Date?
    var end: Date?

    /// - Parameter entry: an element of `keyCredentials`. The thumbprint is that of `key`, the certificate, if it is sent; otherwise
    ///   `customKeyIdentifier`, which is the thumbprint in hexadecimal digits or in Base64.
    init(_ entry: JSONTree) {
        let certificate = entry["key"]?.text.flatMap { Data(base64Encoded: $0) }.flatMap {
            try? CertificateFacts.read(pemOrDER: Array($0))
        }
        let identifier = entry["customKeyIdentifier"]?.text
        thumbprint = certificate?.thumbprint ?? identifier.flatMap { Thumbprint($0) ?? Thumbprint(x5t: $0) }
        begin = entry["startDateTime"]?.text.flatMap(JSONText.date)
        end = entry["endDateTime"]?.text.flatMap(JSONText.date)
    }

    /// The keys of an application or service principal that certificates are verified with; nil if the object does not tell.
    static func all(_ object: JSONTree) -> [TenantKey]? {
        object["keyCredentials"]?.elements?.filter { entry in
            (entry["type"]?.text ?? "AsymmetricX509Cert") == "AsymmetricX509Cert" && (entry["usage"]?.text ?? "Verify") == "Verify"
        }.map { TenantKey($0) }
    }
}
