import Certificates

/// Channel bindings of TLS (RFC 5929).
enum ChannelBinding {
    /// `tls-server-end-point`: the digest of the server's certificate by the algorithm of its signature, at least SHA-256.
    static func endPoint(_ certificate: CertificateFacts) -> [UInt8] {
        let digest = certificate.signatureDigest ?? .sha256
        return Array("tls-server-end-point:".utf8) + (digest == .sha1 ? .sha256 : digest).of(certificate.der)
    }
}
