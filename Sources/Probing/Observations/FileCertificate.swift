package import Certificates

/// One certificate in a file.
package struct FileCertificate: Sendable {
    package var path: String
    /// Where in the file: the number of the certificate, or the alias in a key store.
    package var part: String
    /// Without `der`.
    package var facts: CertificateFacts

    /// Nil if it is not inside another document.
    package var origin: CertificateBundle.Origin?

    package init(path: String, part: String, facts: CertificateFacts, origin: CertificateBundle.Origin? = nil) {
        self.path = path
        self.part = part
        self.facts = facts
        self.origin = origin
        self.facts.der = []
    }

    /// For sentences: `/etc/ssl/bundle.pem (2)`.
    package var place: String { "\(path) (\(part))" }
}
