import Addresses
import Certificates
import Documents
import FoundationEssentials
import Monitoring
import Probing

/// Reads `alertmanagers` of `agent.yaml`: URLs, or mappings with a URL, authentication and TLS settings.
struct AlertmanagerSettings {
    let notes: SettingsReader.Notes

    func alertmanagers(_ reader: SettingsReader) -> [AlertmanagerConfiguration] {
        guard let setting = reader.setting("alertmanagers") else { return [] }
        let items = if case .scalar = setting.value { [setting] } else { reader.settings("alertmanagers") ?? [] }
        var known: [EndpointURL: SourceLocation] = [:]
        return items.compactMap { item in
            guard let alertmanager = alertmanager(item, reader) else { return nil }
            if let earlier = known.updateValue(item.location, forKey: alertmanager.url) {
                reader.error("duplicate Alertmanager \(alertmanager.url), first defined in line \(earlier.line ?? 0)", at: item.location)
            }
            return alertmanager
        }
    }

    private func alertmanager(_ item: Setting, _ list: SettingsReader) -> AlertmanagerConfiguration? {
        if case .scalar(let text, _) = item.value, !item.isNull {
            return url(text, list, at: item.location).map { AlertmanagerConfiguration($0) }
        }
        let reader = SettingsReader(item, what: "an Alertmanager", notes: notes)
        let written = reader.required("url", what: "an Alertmanager")
        let url = written.flatMap { self.url($0, reader, at: reader.location(of: "url")) }
        let login = login(reader)
        let tls = tls(reader.mapping("tls"))
        reader.finish()
        guard let url else { return nil }
        var alertmanager = AlertmanagerConfiguration(url)
        alertmanager.login = login
        alertmanager.tls = tls
        return alertmanager
    }

    private func url(_ text: String, _ reader: SettingsReader, at location: SourceLocation) -> EndpointURL? {
        let url = EndpointURL(text)
        guard ResponderSettings.isURL(text), !text.contains(where: { "?#".contains($0) }) else {
            reader.error("'alertmanagers' must contain URLs (e.g. http://alertmanager:9093), found '\(url)'", at: location)
            return nil
        }
        guard !text.contains("@") else {
            reader.error(
                "the URL of an Alertmanager must not contain credentials: use 'basicAuth' or 'authorizationFile'", at: location)
            return nil
        }
        return url
    }

    private func login(_ reader: SettingsReader) -> AlertmanagerConfiguration.Login {
        let file = reader.path("authorizationFile")
        check(file, "authorizationFile", reader)
        guard let basic = reader.mapping("basicAuth") else { return file.map { .file($0) } ?? .none }
        let username = basic.required("username", what: "'basicAuth'")
        _ = basic.required("passwordFile", what: "'basicAuth'")
        let password = basic.path("passwordFile")
        check(password, "passwordFile", basic)
        basic.finish()
        if file != nil {
            reader.error(
                "'basicAuth' and 'authorizationFile' are mutually exclusive: remove one", at: reader.location(of: "authorizationFile"))
        }
        guard let username, let password else { return .none }
        if username.contains(":") || username.contains(where: \.isNewline) {
            basic.error("'username' must be one line without a colon", at: basic.location(of: "username"))
        }
        return .basic(username: username, passwordFile: password)
    }

    private func tls(_ reader: SettingsReader?) -> AlertmanagerConfiguration.TLS {
        var tls = AlertmanagerConfiguration.TLS()
        guard let reader else { return tls }
        tls.caFile = reader.path("caFile")
        tls.certificateFile = reader.path("certificateFile")
        tls.keyFile = reader.path("keyFile")
        tls.serverName = reader.string("serverName")
        reader.finish()
        for (key, file) in [("caFile", tls.caFile), ("certificateFile", tls.certificateFile), ("keyFile", tls.keyFile)] {
            check(file, key, reader)
        }
        if (tls.certificateFile == nil) != (tls.keyFile == nil) {
            reader.error("'certificateFile' and 'keyFile' must both be set, or neither", at: reader.location)
        }
        if let file = tls.caFile, let bytes = try? RegularFile.read(file, atMost: RegularFile.certificateLimit),
            CertificateFacts.count(pem: bytes) == 0
        {
            reader.error("'caFile': \(file) contains no PEM certificate", at: reader.location(of: "caFile"))
        }
        return tls
    }

    private func check(_ file: String?, _ key: String, _ reader: SettingsReader) {
        guard let file, !FileManager.default.fileExists(atPath: file) else { return }
        reader.error("'\(key)': file \(file) does not exist", at: reader.location(of: key))
    }
}
