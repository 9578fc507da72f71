extension Reason {
    /// The texts of reasons that concern domains, and the certificates of targets and files: sentence and remedy.
    static let certificates: [Reason: (sentence: String, remedy: String)] = [
        .domainExpired: (
            "The registration of the domain has expired.",
            "Renew it at the registrar today: after a grace period, anybody may register it, receive its mail and get certificates for its names."
        ),
        .domainExpiresSoon: (
            "The registration of the domain expires within the warning threshold.",
            "Check at the registrar that it renews by itself: the means of payment is valid, and the contact address is read by somebody."
        ),
        .domainExpiresVerySoon: (
            "The registration of the domain expires within the failure threshold.",
            "Renew it at the registrar now. Automatic renewal should have done so: check the means of payment and the contact address."
        ),
        .domainMissing: (
            "The registry knows no such domain.",
            "Check the spelling, and that it is the registered domain, not a name in it. If it was registered once, somebody else may now register it."
        ),
        .privateKeyMismatch: (
            "A private key does not belong to the certificate beside it.",
            "A service that reads both will not start again. Put the key that was made with the certificate's request in its place (compare: openssl x509 -noout -pubkey -in CERTIFICATE; openssl pkey -pubout -in KEY), or request a certificate for this key."
        ),
        .lifetimeTooLong: (
            "The certificate is valid for longer than is accepted.",
            "Request one with a shorter validity: browsers refuse certificates of public authorities that are valid for more than 398 days. If it is of your own authority, raise 'maximumLifetime'."
        ),
        .pinMismatch: (
            "The certificate is none of those that are expected.",
            "If it was renewed on purpose, add its fingerprint, which the error names, to 'pins', or pin the public key of its authority. If not, find out who answers under this address: a TLS-inspecting proxy, another server, or an attacker."
        ),
        .crlMissing: (
            "The revocation list of the certificate's issuer is not in the file that is to be looked up, or cannot be used.",
            "Add it to 'crl_file': the certificate names where it is published (openssl x509 -noout -ext crlDistributionPoints -in CERTIFICATE; convert it with openssl crl -inform DER -in LIST -out LIST.pem)."
        ),
        .stapleMissing: (
            "The certificate demands a stapled OCSP response (must-staple), and the server sends none.",
            "Enable OCSP stapling on the server (nginx: ssl_stapling on; Apache: SSLUseStapling on; IIS does it by itself) and check that it reaches the authority's responder. Browsers that honour the demand refuse the connection. Or request a certificate without it."
        ),
        .stapleUnusable: (
            "The stapled OCSP response cannot be used: it is out of date, not signed by the issuer, or about another certificate.",
            "Check that the server can reach the authority's OCSP responder, then restart it: it sends what it has fetched last. Clients that check the response refuse the connection."
        ),
        .revocationUnknown: (
            "Whether the certificate was revoked could not be found out.",
            "Check that this machine reaches the address that the error names: the authority's OCSP responder or revocation list, most often over plain HTTP on port 80. With 'proxy_url', it is asked through the proxy."
        ),
        .crlStale: (
            "The next issue of a certificate revocation list is overdue.",
            "Check that the authority publishes its list (on a Windows authority: certutil -CRL), and that the job which copies it here still runs. Clients that check revocation refuse every certificate of this authority while the list is out of date."
        ),
    ]
}
