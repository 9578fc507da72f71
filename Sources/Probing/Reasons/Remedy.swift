import Certificates

extension Finding {
    /// What an administrator should do about it, the most likely fix first.
    /// - Parameters:
    ///   - server: the server that the probe watches; empty if it watches none.
    ///   - isTarget: whether it probes a target, which may be any server.
    package func remedy(on server: String, isTarget: Bool = false) -> String {
        reason.remedy(at: stage, thumbprint: certificate?.description, on: server, isTarget: isTarget)
    }

    /// As `remedy(on:isTarget:)`, for a finding of this probe.
    package func remedy(for probe: ProbeKey) -> String { remedy(on: probe.server, isTarget: probe.isTarget) }
}

extension Reason {
    /// What an administrator should do about a finding with this reason, the most likely fix first.
    ///
    /// A certificate at the stage `certificate` is the OAuth certificate, one at `tls` belongs to the peer, one at `file` is in a file, one at
    /// `config` is the agent's own; they are replaced in different ways. At other stages it may be either, or Microsoft's.
    /// - Parameters:
    ///   - stage: of the finding; nil if it is not known.
    ///   - thumbprint: of the certificate it is about; nil if it is about none, or if that is not known.
    ///   - server: the server it is about; empty if it is about none, or several.
    ///   - isTarget: whether it is about a target: what is done on Exchange servers alone is then left out.
    package func remedy(at stage: Stage?, thumbprint: String?, on server: String, isTarget: Bool = false) -> String {
        if isTarget, let remedy = targetRemedy(at: stage, thumbprint: thumbprint) { return remedy }
        if self == .thumbprintDrift, stage == .tls { return Self.alignment }
        if self == .certificateMissing, stage == .file { return Self.search }
        let certificates: [Reason] = [
            .certificateExpired, .certificateExpiresSoon, .certificateExpiresVerySoon, .keyTooSmall, .signatureWeak,
        ]
        guard certificates.contains(self) else {
            // What stands in the texts for the certificate and the server.
            let named = thumbprint.map { remedy.replacing("<thumbprint>", with: $0) } ?? remedy
            return server.isEmpty ? named : named.replacing("<server>", with: server)
        }
        switch stage {
        case .tls: return Self.renewal(of: thumbprint) + strength
        case .file: return Self.fileRenewal(of: thumbprint) + strength
        case .config: return Self.credentialRenewal(of: thumbprint)
        case .certificate: return self == .certificateExpired ? Self.replacement(of: thumbprint) : Self.rotation(of: thumbprint)
        default: return remedy
        }
    }

    /// What is done about a target; nil if it is the same as for an Exchange server.
    private func targetRemedy(at stage: Stage?, thumbprint: String?) -> String? {
        switch self {
        case .certificateExpired, .certificateExpiresSoon, .certificateExpiresVerySoon, .keyTooSmall, .signatureWeak:
            stage == .file || stage == .config ? nil : Self.targetRenewal(of: thumbprint) + strength
        case .certificateNameMismatch:
            "Install a certificate that is valid for the name; or probe under one of the names that the error lists: in the target, or as "
                + "'server_name' of 'tls_config'."
        case .certificateUnreadable: remedy.replacing(" (OAuth certificate: Export-ExchangeCertificate)", with: "")
        case .connectRefused: "Check that the service is running, and that the address and port are correct."
        case .tlsHandshakeFailed: "Check that the port speaks TLS 1.2 or later, and that the service has a certificate for it."
        default: nil
        }
    }

    /// What the new certificate must be like.
    private var strength: String {
        switch self {
        case .keyTooSmall: " Request it for an RSA key of 2048 bits or more, or an EC key of 256 bits or more."
        case .signatureWeak: " Have it signed with SHA-256 or better."
        default: ""
        }
    }

    /// Replaces a TLS certificate.
    private static func renewal(of thumbprint: String?) -> String {
        "Renew the TLS certificate\(named(thumbprint)) of the server that the error names, and bind the new one; if it is an issuer's, renew that, "
            + "or take a certificate of another issuer. On an Exchange server: Import-ExchangeCertificate, then Enable-ExchangeCertificate with "
            + "the services of the old one. It is not the OAuth certificate: AuthConfig stays as it is."
    }

    /// Replaces the TLS certificate of any server.
    private static func targetRenewal(of thumbprint: String?) -> String {
        "Renew the TLS certificate\(named(thumbprint)) of the server that the error names (find out what should have renewed it: certbot, "
            + "cert-manager, a scheduled task), install the new one with its key and chain, and reload the service; if it is an issuer's, renew "
            + "that, or take a certificate of another issuer."
    }

    /// Makes servers present one certificate.
    private static let alignment =
        "Install the current certificate, with its key, on the servers that the error names, and reload the service there. If all of them should "
        + "have the new one, continue with the rest. If they should differ, probe each with a definition of its own."

    /// Finds the file of a certificate.
    private static let search =
        "Check the path or pattern and 'exclude', that the agent's user may read the directories, and the job that writes the file. A file without a "
        + "certificate, such as a private key, needs no watching: leave it out."

    /// Replaces a certificate in a file.
    private static func fileRenewal(of thumbprint: String?) -> String {
        "Renew the certificate\(named(thumbprint)) in the file that the error names (find out what should have renewed it: certbot, cert-manager, "
            + "a scheduled task), then reload the service that uses it. If nothing uses it any more, remove the file."
    }

    /// Replaces the OAuth certificate at once.
    private static func replacement(of thumbprint: String?) -> String {
        "Replace the OAuth certificate\(named(thumbprint)), in the Exchange Management Shell: (1) \(creation) "
            + "(2) Set-AuthConfig -NewCertificateThumbprint $new.Thumbprint -NewCertificateEffectiveDate (Get-Date) (confirm that this is less "
            + "than 48 hours away) (3) Set-AuthConfig -PublishCertificate (4) Set-AuthConfig -ClearPreviousCertificate (5) on every server: "
            + "\(restart) (6) \(upload) (7) \(follow)"
    }

    /// Replaces the OAuth certificate in time.
    private static func rotation(of thumbprint: String?) -> String {
        "Stage a successor of the OAuth certificate\(named(thumbprint)), unless Get-AuthConfig shows a NextCertificateThumbprint, in the Exchange "
            + "Management Shell: (1) \(creation) (2) Set-AuthConfig -NewCertificateThumbprint $new.Thumbprint "
            + "-NewCertificateEffectiveDate (Get-Date).AddHours(49) (3) \(upload) Exchange begins to use it within hours after the effective "
            + "date. If the old one expires earlier, use (Get-Date) as the date and publish at once: Set-AuthConfig -PublishCertificate, then "
            + "on every server: \(restart) (4) Once it is in use: \(follow)"
    }

    /// Replaces the agent's own certificate.
    private static func credentialRenewal(of thumbprint: String?) -> String {
        "Replace the agent's own certificate\(named(thumbprint)): create a new key and certificate (openssl req -x509 -newkey rsa:2048 -noenc "
            + "-days 365 -subj /CN=agent -keyout agent.key -out agent.pem), upload agent.pem in the Entra admin center (App registrations, the "
            + "agent's application, Certificates & secrets), then put both files where agent.yaml says and run 'agent reload'. It is not the "
            + "OAuth certificate of Exchange."
    }

    /// Creates and stages another next certificate.
    static let staging =
        "In the Exchange Management Shell: (1) \(creation) (2) Set-AuthConfig -NewCertificateThumbprint $new.Thumbprint "
        + "-NewCertificateEffectiveDate (Get-Date).AddHours(49) (3) \(upload)"

    private static func named(_ thumbprint: String?) -> String { thumbprint.map { " \($0)" } ?? "" }

    static let creation =
        "$new = New-ExchangeCertificate -KeySize 2048 -PrivateKeyExportable $true -SubjectName 'CN=Microsoft Exchange Server Auth Certificate' "
        + "-FriendlyName 'Microsoft Exchange Server Auth Certificate' -DomainName @() (answer No when it asks to overwrite the default SMTP "
        + "certificate)"
    static let restart =
        "Restart-Service MSExchangeServiceHost; Restart-WebAppPool MSExchangeOWAAppPool; Restart-WebAppPool MSExchangeECPAppPool; "
        + "Restart-WebAppPool MSExchangeAutodiscoverAppPool"
    static let upload =
        "Upload it to the tenant: with a dedicated application .\\ConfigureExchangeHybridApplication.ps1 -UpdateCertificate (uploads the current "
        + "and the next one); otherwise the Hybrid Configuration Wizard, once it is in use."
    private static let follow =
        "write its thumbprint as authConfig.currentCertificateThumbprint into agent.yaml, export it again if certificateFile is set, and run "
        + "'agent reload'."
}
