import Certificates

/// Channel bindings of TLS (RFC 5929).
enum ChannelBinding {
    /// `tls-server-end-point`: the digest of the server's certificate by the algorithm of its signature, at least SHA-256.
    static func endPoint(_ certificate: CertificateFacts) -> [UInt8] {
        let algorithm = certificate.signatureAlgorithm.lowercased()
        let digest: Digest =
            if algorithm.contains("sha384") { .sha384 } else if algorithm.contains("sha512") { .sha512 } else { .sha256 }
        return Array("tls-server-end-point:".utf8) + digest.of(certificate.der)
    }
}
