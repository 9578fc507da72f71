package import Certificates

/// One certificate in a file.
package struct FileCertificate: Sendable {
    package var path: String
    /// Where in the file: the number of the certificate, or the alias in a key store.
    package var part: String
    /// Without `der`.
    package var facts: CertificateFacts

    package init(path: String, part: String, facts: CertificateFacts) {
        self.path = path
        self.part = part
        self.facts = facts
        self.facts.der = []
    }

    /// For sentences: `/etc/ssl/bundle.pem (2)`.
    package var place: String { "\(path) (\(part))" }
}
