import FoundationEssentials
import Probing
import Transfers

/// `tls_config` of blackbox_exporter's modules: `insecure_skip_verify ca_file cert_file key_file server_name min_version max_version`; and `crl_file`.
struct TLSOptions: Sendable {
    /// `serverName` is nil unless configured; the target's host is then used.
    var settings = TLSSettings(trust: .system)

    /// The option as a kind's guide lists it.
    static let guide = KindGuide.Option(
        "tls_config", "ca_file, crl_file, cert_file, key_file, server_name, insecure_skip_verify, min_version, max_version",
        settableThroughAgent: false)

    init() {}

    /// - Parameter day: the date at which certificates are verified; nil means now.
    func settings(on day: Date?) -> TLSSettings {
        var settings = settings
        settings.verificationDate = day
        return settings
    }

    init(_ reader: SettingsReader?, _ services: TargetServices) {
        guard let reader else { return }
        settings.verifies = !(reader.bool("insecure_skip_verify") ?? false)
        settings.serverName = reader.string("server_name").flatMap { $0.isEmpty ? nil : $0 }
        settings.minimum = Self.version(reader, "min_version") ?? settings.minimum
        settings.maximum = Self.version(reader, "max_version")
        if let maximum = settings.maximum, maximum < settings.minimum {
            reader.error("'max_version' is below 'min_version'", at: reader.location(of: "max_version"))
        }
        let files = ["ca_file", "crl_file"].map { key in reader.path(key).flatMap { $0.isEmpty ? nil : $0 } }
        settings.trust = TrustedRoots(includesSystem: files[0] == nil, file: files[0], revocationLists: files[1])
        if files != [nil, nil] {
            do throws(TrustStore.Unusable) { _ = try services.transfers.trustStores.store(settings.trust) } catch {
                let key = files[1].map { "\(error)".contains($0) } ?? false ? "crl_file" : "ca_file"
                reader.unsupported("'\(key)': \(error)", at: reader.location(of: key))
            }
        }
        clientCertificate(reader)
        reader.finish()
    }

    private mutating func clientCertificate(_ reader: SettingsReader) {
        let (certificate, key) = (reader.path("cert_file") ?? "", reader.path("key_file") ?? "")
        if certificate.isEmpty != key.isEmpty {
            reader.error(
                "'cert_file' and 'key_file' must both be set, or neither",
                at: reader.location(of: certificate.isEmpty ? "key_file" : "cert_file"))
        } else if !certificate.isEmpty {
            settings.clientCertificate = ClientCertificate(certificateFile: certificate, keyFile: key)
        }
    }

    private static func version(_ reader: SettingsReader, _ key: String) -> TLSVersion? {
        enum Word: String, CaseIterable { case TLS10, TLS11, TLS12, TLS13 }
        switch reader.choice(key, Word.self) {
        case .TLS10: return .v1_0
        case .TLS11: return .v1_1
        case .TLS12: return .v1_2
        case .TLS13: return .v1_3
        case nil: return nil
        }
    }
}
