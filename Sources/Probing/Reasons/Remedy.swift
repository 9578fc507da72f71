import Certificates

extension Finding {
    /// What an administrator should do about it, the most likely fix first.
    package var remedy: String { reason.remedy(at: stage, thumbprint: certificate?.description) }
}

extension Reason {
    /// What an administrator should do about a finding with this reason, the most likely fix first.
    ///
    /// A certificate at the stage `tls` belongs to the peer; at all other stages it is the OAuth certificate, which is replaced by other
    /// commands.
    /// - Parameters:
    ///   - stage: of the finding; nil if it is not known.
    ///   - thumbprint: of the certificate it is about; nil if it is about none.
    package func remedy(at stage: Stage?, thumbprint: String?) -> String {
        guard let stage,
            [.certificateExpired, .certificateExpiresSoon, .certificateExpiresVerySoon, .keyTooSmall, .signatureWeak].contains(self)
        else { return remedy }
        if stage == .tls { return Self.renewal(of: thumbprint, from: self) }
        return self == .certificateExpired ? Self.replacement(of: thumbprint) : Self.rotation(of: thumbprint)
    }

    /// Replaces a TLS certificate.
    private static func renewal(of thumbprint: String?, from reason: Reason) -> String {
        let issuer =
            [.keyTooSmall, .signatureWeak].contains(reason) ? " If it is an issuer's certificate, ask for one from another issuer." : ""
        return
            "Renew the TLS certificate\(named(thumbprint)) that the peer presents on this port, and bind the new one. On an Exchange server: "
            + "Import-ExchangeCertificate, then Enable-ExchangeCertificate -Thumbprint <new thumbprint> -Services IIS. It is not the OAuth "
            + "certificate: AuthConfig stays as it is.\(issuer)"
    }

    /// Replaces the OAuth certificate at once.
    private static func replacement(of thumbprint: String?) -> String {
        "Replace the OAuth certificate\(named(thumbprint)) now, in the Exchange Management Shell: \(creation) "
            + "Set-AuthConfig -NewCertificateThumbprint <new thumbprint> -NewCertificateEffectiveDate (Get-Date); "
            + "Set-AuthConfig -PublishCertificate; Set-AuthConfig -ClearPreviousCertificate. On every server: \(restart) \(upload)"
    }

    /// Replaces the OAuth certificate in time.
    private static func rotation(of thumbprint: String?) -> String {
        "Stage a successor of the OAuth certificate\(named(thumbprint)), in the Exchange Management Shell: \(creation) "
            + "Set-AuthConfig -NewCertificateThumbprint <new thumbprint> -NewCertificateEffectiveDate (Get-Date).AddDays(2). \(upload) "
            + "Do so before that date; after it: Set-AuthConfig -PublishCertificate, and on every server: \(restart)"
    }

    private static func named(_ thumbprint: String?) -> String { thumbprint.map { " \($0)" } ?? "" }

    private static let creation =
        "New-ExchangeCertificate -KeySize 2048 -PrivateKeyExportable $true -SubjectName 'CN=Microsoft Exchange Server Auth Certificate' "
        + "-FriendlyName 'Microsoft Exchange Server Auth Certificate' -DomainName @() (answer No when it asks to overwrite the default SMTP "
        + "certificate);"
    private static let restart =
        "Restart-Service MSExchangeServiceHost; Restart-WebAppPool MSExchangeOWAAppPool; Restart-WebAppPool MSExchangeECPAppPool."
    private static let upload =
        "Upload it to the tenant: run the Hybrid Configuration Wizard, or, with a dedicated application, "
        + "ConfigureExchangeHybridApplication.ps1 -UpdateCertificate."
}
