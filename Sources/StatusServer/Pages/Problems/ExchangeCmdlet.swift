import Probing

/// The cmdlets that show in Exchange itself what a problem is about. They change nothing.
enum ExchangeCmdlet {
    static func toLook(at trouble: Trouble) -> [String] {
        guard let reason = trouble.reason, trouble.key.identity.target == nil else { return [] }
        let server = trouble.key.server.isEmpty ? "" : " -Server \(CommandText.powerShell(trouble.key.server))"
        let authConfig =
            "Get-AuthConfig | Format-List CurrentCertificateThumbprint, PreviousCertificateThumbprint, NextCertificateThumbprint, "
            + "NextCertificateEffectiveDate"
        switch reason {
        case .certificateExpired, .certificateExpiresSoon, .certificateExpiresVerySoon, .certificateNotYetValid, .keyTooSmall,
            .signatureWeak:
            guard [nil, .certificate, .tls].contains(trouble.stage) else { return [] }
            let one = trouble.thumbprint.map { " -Thumbprint \($0)" } ?? ""
            let facts = "Get-ExchangeCertificate\(server)\(one) | Format-List Subject, Thumbprint, NotAfter, Services, Status"
            return trouble.stage == .tls ? [facts] : [facts, authConfig]
        case .certificateMissing, .privateKeyMissing, .privateKeyMismatch, .serviceWithoutCertificate:
            return ["Get-ExchangeCertificate\(server) | Format-Table Thumbprint, NotAfter, HasPrivateKey, Services, Subject"]
        case .thumbprintDrift, .thumbprintSettling, .authconfigOutdated, .rotationOverdue, .rotationTooLate, .rotationSameCertificate,
            .rotationMissing, .rotationEndsEarlier:
            return [authConfig]
        case .metadataURLMismatch, .metadataMalformed, .metadataNoKeys, .metadataWrongRealm, .metadataNoTokenEndpoint:
            return ["Get-AuthServer | Format-List Name, Enabled, IssuerIdentifier, AuthMetadataUrl, TokenIssuingEndpoint"]
        case .tokenRefused, .tokenKeyUnknown, .applicationUnknown, .consentMissing, .keyNotInTenant, .sharedPrincipalBlocked,
            .endpointRefusedToken:
            return [authConfig, "Get-PartnerApplication | Format-List Name, Enabled, ApplicationIdentifier, UseAuthServer"]
        case .connectRefused, .connectTimeout, .httpStatus, .httpMalformed, .connectionReset:
            guard !trouble.key.server.isEmpty else { return [] }
            let name = CommandText.powerShell(trouble.key.server)
            return ["Get-ServerComponentState \(name)", "Test-ServiceHealth \(name)"]
        default: return []
        }
    }
}
