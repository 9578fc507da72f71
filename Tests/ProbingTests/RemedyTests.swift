import Certificates
import Probing
import Testing

@Suite struct RemedyTests {
    private static let thumbprint = "7595DBDEA83DACB5757441D44899BCDB9911253C"

    private static func remedy(_ reason: Reason, at stage: Stage) -> String {
        Finding(.failure, stage: stage, reason: reason, sentence: "", certificate: Thumbprint(thumbprint)).remedy(
            on: "mbx07.fabrikam.com")
    }

    @Test(
        "an OAuth certificate is replaced by AuthConfig, a TLS certificate by binding another one, and both remedies name it",
        arguments: [Reason.certificateExpired, .certificateExpiresSoon, .certificateExpiresVerySoon, .keyTooSmall, .signatureWeak])
    func certificates(reason: Reason) {
        let (oauth, tls) = (Self.remedy(reason, at: .certificate), Self.remedy(reason, at: .tls))
        for command in [
            "New-ExchangeCertificate", "answer No", "Set-AuthConfig -NewCertificateThumbprint", "-PublishCertificate", "UpdateCertificate",
        ] {
            #expect(oauth.contains(command) && !tls.contains(command), "\(oauth)\n\(tls)")
        }
        #expect(tls.contains("Enable-ExchangeCertificate"))
        for remedy in [oauth, tls] { #expect(remedy.contains(Self.thumbprint) && remedy.hasSuffix("."), "\(remedy)") }
    }

    @Test(
        "a target may be any server: its certificate is renewed without a command of Exchange",
        arguments: [
            Reason.certificateExpired, .certificateExpiresSoon, .certificateExpiresVerySoon, .keyTooSmall, .signatureWeak,
            .certificateNameMismatch, .certificateUnreadable, .certificateUntrusted, .certificateRevoked, .connectRefused,
            .tlsHandshakeFailed,
        ])
    func targets(reason: Reason) {
        let identity = ProbeIdentity(healthSet: "Web", name: "Site", target: "www.fabrikam.com:443")
        let site = ProbeKey(identity: identity, site: .target(address: nil))
        for stage in [Stage.resolve, .connect, .tls, .endpoint, .file] {
            let finding = Finding(.failure, stage: stage, reason: reason, sentence: "", certificate: Thumbprint(Self.thumbprint))
            let remedy = finding.remedy(for: site)
            #expect(!["Exchange", "AuthConfig", "IIS"].contains { remedy.contains($0) } && remedy.hasSuffix("."), "\(remedy)")
        }
        let own = Finding(.warning, stage: .config, reason: .certificateExpiresSoon, sentence: "")
        #expect(own.remedy(for: site) == own.remedy(on: ""), "the agent's own certificate is the same")
    }

    @Test("what has expired is replaced now, what still lasts gets a successor before, unless it has one")
    func urgency() {
        #expect(Self.remedy(.certificateExpired, at: .certificate).contains("-NewCertificateEffectiveDate (Get-Date) "))
        let staged = Self.remedy(.certificateExpiresSoon, at: .certificate)
        #expect(staged.contains("(Get-Date).AddHours(49) ") && staged.contains("unless Get-AuthConfig shows a NextCertificateThumbprint"))
    }

    @Test(
        "where the certificate may be somebody else's, nobody is told to replace the organization's",
        arguments: [Stage.metadata, .token, .endpoint, .compare, .connect])
    func foreign(stage: Stage) {
        for reason in [Reason.certificateExpired, .keyTooSmall, .signatureWeak] {
            #expect(Self.remedy(reason, at: stage) == reason.remedy)
        }
    }

    @Test("the agent's own certificate is replaced in the tenant")
    func own() {
        let remedy = Self.remedy(.certificateExpiresSoon, at: .config)
        #expect(remedy.contains("Replace the agent's own certificate \(Self.thumbprint)") && !remedy.contains("AuthConfig"))
    }

    @Test("other reasons, and findings of which the stage is not known, have the remedy of the reason")
    func others() {
        #expect(Self.remedy(.thumbprintDrift, at: .certificate) == Reason.thumbprintDrift.remedy)
        #expect(Reason.certificateExpired.remedy(at: nil, thumbprint: Self.thumbprint, on: "") == Reason.certificateExpired.remedy)
    }

    @Test(
        "a command can be pasted: certificate and server are named, and a certificate that does not exist yet is a variable",
        arguments: [Reason.certificateMissing, .privateKeyMissing, .certificateExpired, .certificateExpiresSoon])
    func filled(reason: Reason) {
        let remedy = Self.remedy(reason, at: .certificate)
        #expect(remedy.contains(Self.thumbprint) && !remedy.contains("<thumbprint>"), "\(remedy)")
        #expect(!remedy.contains("<server>") && !remedy.contains("<new"), "\(remedy)")
    }
}
