import Addresses
import Certificates
import Documents
import ExchangeExport
import FoundationEssentials
import Monitoring
import Probing

/// Reads `agent.yaml` and checks every key and value.
struct ConfigurationFile {
    let path: String
    private let folder: String
    private let notes: SettingsReader.Notes
    private let definitions: [ProbeDefinition]?
    private let readsSnapshot: Bool

    /// - Parameters:
    ///   - definitions: for checking the monitors named by responders; nil skips that check.
    ///   - readsSnapshot: false for a caller that needs only other values.
    init(path: String, notes: SettingsReader.Notes, definitions: [ProbeDefinition]? = nil, readsSnapshot: Bool = true) {
        self.readsSnapshot = readsSnapshot
        self.path = path
        self.notes = notes
        self.definitions = definitions
        folder = path.contains("/") ? String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]) : "."
    }

    func configuration(_ setting: Setting) -> AgentConfiguration {
        let reader = SettingsReader(setting, what: "the configuration", notes: notes)
        var configuration = AgentConfiguration()
        configuration.organization.name = reader.line("organization") ?? ""
        configuration.organization.tenant = tenant(reader.mapping("tenant"))
        configuration.organization.cloud = reader.choice("cloud", Cloud.self)
        configuration.organization.hybridApplicationID = reader.mapping("hybridApp").flatMap { hybrid in
            defer { hybrid.finish() }
            return identifier(hybrid, "applicationId")
        }
        configuration.organization.exchangeOnline = reader.mapping("exchangeOnline").map { online in
            defer { online.finish() }
            if !online.has("ewsEnabled") { online.error("'exchangeOnline' needs 'ewsEnabled'", at: online.location) }
            for id in online.strings("ewsAllowedAppIds") ?? [] where UUID(uuidString: id) == nil {
                online.error("'ewsAllowedAppIds' must contain GUIDs, found '\(id)'", at: online.location(of: "ewsAllowedAppIds"))
            }
            return ExchangeOnline(
                isEWSEnabled: online.bool("ewsEnabled") ?? false, allowedApplicationIDs: online.strings("ewsAllowedAppIds") ?? [])
        }
        configuration.organization.servers = servers(reader)
        configuration.organization.authConfig = authConfig(reader.mapping("authConfig"))
        configuration.organization.authServer = authServer(reader.mapping("authServer"))
        configuration.organization.cloud =
            configuration.organization.cloud ?? configuration.organization.authServer.flatMap { Cloud(url: $0.metadataURL) }
        configuration.organization.pushProxy = pushProxy(reader.mapping("pushProxy"))
        configuration.organization.mailFlow = MailFlowSettings(resolved: resolved).mailFlow(reader.mapping("mailFlow"))
        configuration.organization.thresholds = thresholds(reader.mapping("thresholds"))
        configuration.organization.network = network(reader)
        configuration.organization.snapshot = snapshot(reader)
        if readsSnapshot, let snapshot = configuration.organization.snapshot { look(at: snapshot, &configuration.organization, reader) }
        configuration.daemon = daemon(reader)
        ScaleSettings(resolved: resolved).read(reader, into: &configuration)
        configuration.daemon.compatibility = CompatibilitySettings.read(reader)
        configuration.daemon.exposesCreated = reader.bool("openMetricsCreated") ?? false
        configuration.probe = probeAccess(reader.mapping("probe"))
        let responding = ResponderSettings(notes: notes, definitions: definitions)
        configuration.alertmanagers = AlertmanagerSettings(notes: notes).alertmanagers(reader)
        configuration.responders = responding.responders(reader)
        configuration.history = responding.history(reader.mapping("history"))
        reader.finish()
        return configuration
    }

    /// `snapshot: FILE`, or a mapping with `file` and `maximumAge`.
    private func snapshot(_ reader: SettingsReader) -> SnapshotSettings? {
        guard let setting = reader.setting("snapshot") else { return nil }
        if case .scalar = setting.value { return reader.string("snapshot").map { SnapshotSettings(file: resolved($0)) } }
        guard let nested = reader.mapping("snapshot") else { return nil }
        let file = nested.required("file", what: "'snapshot'")
        let age = nested.duration("maximumAge")
        nested.finish()
        guard let file else { return nil }
        var settings = SnapshotSettings(file: resolved(file))
        settings.maximumAge = age ?? settings.maximumAge
        return settings
    }

    /// Looks whether the snapshot enables the push proxy, which decides at this time whether its probe is defined. One that cannot be read is a
    /// warning: its own probe reports it, and it may come later.
    private func look(at settings: SnapshotSettings, _ organization: inout Organization, _ reader: SettingsReader) {
        let reading = SnapshotStore().read(settings.file)
        switch reading.problem {
        case .missing(let sentence), .unreadable(let sentence), .systemLimit(let sentence):
            reader.warning("'snapshot': \(sentence): verdicts are unknown until it can be read", at: reader.location(of: "snapshot"))
        case nil: break
        }
        guard let snapshot = reading.snapshot else { return }
        guard organization.isDescribed(by: snapshot) else {
            let domains = (snapshot.organization.domains ?? []).joined(separator: ", ")
            return reader.warning(
                "'snapshot': \(settings.file) is of organization '\(snapshot.organization.name)' with the domains \(domains), none of which is configured here",
                at: reader.location(of: "snapshot"))
        }
        organization.snapshotEnablesPush = snapshot.pushNotificationProxy?.enabled == true
    }

    private func tenant(_ reader: SettingsReader?) -> Tenant {
        var tenant = Tenant()
        guard let reader else { return tenant }
        tenant.id = identifier(reader, "id")
        tenant.domains = reader.strings("domains") ?? []
        if let nested = reader.mapping("credential") {
            let clientID = nested.required("clientId", what: "'credential'")
            let files = credentialFiles(nested, what: "'credential'")
            nested.finish()
            if let clientID, let files {
                tenant.credential = ClientCredential(clientID: clientID, certificateFile: files.certificate, keyFile: files.key)
            }
        }
        reader.finish()
        return tenant
    }

    /// The files of a client credential; nil if one is missing, which is reported.
    private func credentialFiles(_ reader: SettingsReader, what: String) -> (certificate: String, key: String)? {
        _ = reader.required("certificateFile", what: what)
        let certificate = certificateFile(reader, "certificateFile") { reader.error($0, at: $1) }
        let key = reader.required("keyFile", what: what).map(resolved)
        if let key, !FileManager.default.fileExists(atPath: key) {
            reader.error("'keyFile': file \(key) does not exist", at: reader.location(of: "keyFile"))
        }
        guard let certificate, let key else { return nil }
        return (certificate, key)
    }

    private func servers(_ reader: SettingsReader) -> [Server] {
        var known: [String: SourceLocation] = [:]
        return (reader.settings("servers") ?? []).compactMap { setting in
            let reader = SettingsReader(setting, what: "a server", notes: notes)
            guard let server = server(reader) else { return nil }
            if let earlier = known.updateValue(reader.location(of: "name"), forKey: server.name.lowercased()) {
                reader.error(
                    "duplicate server '\(server.name)', first defined in line \(earlier.line ?? 0)", at: reader.location(of: "name"))
            }
            return server
        }
    }

    private func server(_ reader: SettingsReader) -> Server? {
        let name = reader.required("name", what: "a server")
        var server = Server(name: name ?? "")
        if let name, !Text.isHostName(name) {
            reader.error("'name' must be a host name, found '\(EndpointURL(name))'", at: reader.location(of: "name"))
        }
        if let roles = reader.strings("roles") {
            server.roles = roles.compactMap { text in
                if let role = Server.Role.allCases.first(where: { $0.rawValue.lowercased() == text.lowercased() }) { return role }
                let known = Server.Role.allCases.map(\.rawValue).joined(separator: ", ")
                reader.error("'roles' must contain only \(known), found '\(text)'", at: reader.location(of: "roles"))
                return nil
            }
        }
        server.address = hostAndPort(reader, "address")
        if let hostname = reader.string("hostname") {
            server.hostname = hostname
            if !Text.isHostName(hostname) {
                reader.error("'hostname' must be a host name, found '\(EndpointURL(hostname))'", at: reader.location(of: "hostname"))
            }
        }
        server.publishesMetadata = reader.bool("metadata") ?? true
        reader.finish()
        return name == nil ? nil : server
    }

    private func authConfig(_ reader: SettingsReader?) -> AuthConfig {
        var authConfig = AuthConfig()
        guard let reader else { return authConfig }
        let key = "currentCertificateThumbprint"
        authConfig.currentCertificateThumbprint = reader.thumbprint(key)
        if authConfig.currentCertificateThumbprint != nil {
            authConfig.thumbprintLocation = "\(path), line \(reader.location(of: key).line ?? 0)"
        }
        // Only a warning: an unreadable certificate is reported by the probes and must not prevent the agent from running.
        authConfig.certificateFile = certificateFile(reader, "certificateFile") { reader.warning($0, at: $1) }
        reader.finish()
        return authConfig
    }

    private func authServer(_ reader: SettingsReader?) -> AuthServer? {
        guard let reader else { return nil }
        let name = reader.line("name")
        _ = reader.required("metadataUrl", what: "'authServer'")
        let url = url(reader, "metadataUrl")
        reader.finish()
        guard let url else { return nil }
        var server = AuthServer(metadataURL: url)
        server.name = name ?? server.name
        return server
    }

    private func pushProxy(_ reader: SettingsReader?) -> PushProxy {
        var push = PushProxy()
        guard let reader else { return push }
        push.enabled = reader.bool("enabled") ?? false
        push.organization = reader.line("organization") ?? ""
        // An empty URI is reported by the probe, not as an error of the file.
        push.uri = reader.string("uri")?.isEmpty ?? true ? "" : url(reader, "uri") ?? ""
        push.token = token(reader.mapping("token"))
        reader.finish()
        return push
    }

    private func token(_ reader: SettingsReader?) -> TokenCredential? {
        guard let reader else { return nil }
        _ = reader.required("endpoint", what: "'token'")
        let endpoint = url(reader, "endpoint")
        let clientID = reader.required("clientId", what: "'token'")
        let scope = reader.required("scope", what: "'token'")
        let files = credentialFiles(reader, what: "'token'")
        reader.finish()
        guard let endpoint, let clientID, let scope, let files else { return nil }
        return TokenCredential(
            endpoint: endpoint, clientID: clientID, scope: scope, certificateFile: files.certificate, keyFile: files.key)
    }

    private func thresholds(_ reader: SettingsReader?) -> Thresholds {
        var thresholds = Thresholds()
        guard let reader else { return thresholds }
        (thresholds.warnBelow, thresholds.failBelow) = reader.limits()
        thresholds.minimumKeyBits = reader.integer("minimumKeyBits", in: 512...16384) ?? thresholds.minimumKeyBits
        thresholds.driftSettling = reader.duration("driftSettling", allowZero: true) ?? thresholds.driftSettling
        reader.finish()
        return thresholds
    }

    private func network(_ reader: SettingsReader) -> NetworkSettings {
        var network = NetworkSettings()
        if let tls = reader.mapping("tls") {
            network.caFile = tls.string("caFile").map(resolved)
            if let file = network.caFile {
                do throws(FileUnreadable) {
                    let bytes = try RegularFile.read(file, atMost: RegularFile.certificateLimit)
                    if CertificateFacts.count(pem: bytes) == 0 {
                        tls.error("'caFile': \(file) contains no PEM certificate", at: tls.location(of: "caFile"))
                    }
                } catch { tls.error("'caFile': \(error)", at: tls.location(of: "caFile")) }
            }
            tls.finish()
        }
        for (key, value, location) in reader.texts("connectTo") ?? [] {
            if Text.isHostAndPort(key), Text.isHostAndPort(value) {
                network.connectTo[key.lowercased()] = value
            } else {
                reader.error(
                    "'connectTo' must map host:port to host:port, found '\(EndpointURL(key)): \(EndpointURL(value))'", at: location)
            }
        }
        if let proxy = reader.mapping("proxy") {
            let address = proxy.required("url", what: "'proxy'") ?? ""
            if !address.isEmpty, !address.hasPrefix("http://") {
                proxy.error("'url' must begin with http://, found '\(EndpointURL(address))'", at: proxy.location(of: "url"))
            }
            network.proxy = .init(url: EndpointURL(address), noProxy: proxy.strings("noProxy") ?? [], account: proxy.windowsAuth)
            proxy.finish()
        }
        return network
    }

    private func daemon(_ reader: SettingsReader) -> DaemonSettings {
        var daemon = DaemonSettings()
        let addresses = reader.strings("listen") ?? daemon.listen
        for address in addresses {
            if let problem = Text.listenProblem(address) { reader.error("'listen' \(problem)", at: reader.location(of: "listen")) }
        }
        if addresses.isEmpty {
            reader.error("'listen' needs an address", at: reader.location(of: "listen"))
        } else {
            daemon.listen = addresses
        }
        if let url = reader.string("externalURL") {
            if let problem = Text.externalURLProblem(url) {
                reader.error("'externalURL' \(problem)", at: reader.location(of: "externalURL"))
            } else {
                daemon.externalURL = url.hasSuffix("/") ? String(url.dropLast()) : url
            }
        }
        daemon.stateDirectory = resolved(reader.string("stateDirectory") ?? daemon.stateDirectory)
        if let socket = reader.mapping("controlSocket") {
            daemon.controlSocket.path = socket.string("path").map(resolved)
            daemon.controlSocket.group = socket.string("group")
            socket.finish()
        }
        if daemon.controlSocketPath.utf8.count > Text.socketPathLimit {
            let key = daemon.controlSocket.path == nil ? "stateDirectory" : "controlSocket"
            reader.error(
                "the control socket path \(daemon.controlSocketPath) is longer than \(Text.socketPathLimit) bytes: set 'controlSocket.path' to a shorter one",
                at: reader.location(of: key))
        }
        daemon.webConfigFile = reader.string("webConfigFile").map(resolved)
        daemon.hostNames = reader.strings("hostNames") ?? []
        daemon.isBehindProxy = reader.bool("behindProxy") ?? false
        return daemon
    }

    private func probeAccess(_ reader: SettingsReader?) -> ProbeAccess {
        var access = ProbeAccess()
        guard let reader else { return access }
        access.allowFrom = ranges(reader, "allowFrom") ?? access.allowFrom
        access.allowTargets = ranges(reader, "allowTargets") ?? access.allowTargets
        access.denyTargets = ranges(reader, "denyTargets") ?? access.denyTargets
        access.rateLimit = reader.integer("rateLimit", in: 0...1_000_000) ?? access.rateLimit
        access.maximumRunning = reader.integer("maximumRunning", in: 1...100_000) ?? access.maximumRunning
        access.timeoutOffset = reader.duration("timeoutOffset", allowZero: true) ?? access.timeoutOffset
        access.historyLimit = reader.integer("historyLimit", in: 0...10_000) ?? access.historyLimit
        reader.finish()
        return access
    }

    private func ranges(_ reader: SettingsReader, _ key: String) -> [AddressRange]? {
        reader.strings(key)?.compactMap { text in
            if let range = AddressRange(text) { return range }
            reader.error(
                "'\(key)' must contain addresses or ranges (e.g. 10.0.0.0/8, fe80::/10), found '\(EndpointURL(text))'",
                at: reader.location(of: key))
            return nil
        }
    }

    // MARK: Values

    /// A GUID of the tenant.
    private func identifier(_ reader: SettingsReader, _ key: String) -> String? {
        guard let id = reader.string(key) else { return nil }
        if UUID(uuidString: id) != nil { return id }
        let what = key == "id" ? "the tenant's GUID" : "a GUID"
        reader.error("'\(key)' must be \(what), found '\(id)'", at: reader.location(of: key))
        return nil
    }

    private func resolved(_ file: String) -> String { file.hasPrefix("/") ? file : folder + "/" + file }

    private func url(_ reader: SettingsReader, _ key: String) -> String? {
        guard let text = reader.string(key) else { return nil }
        if Text.isHTTPS(text) { return text }
        reader.error("'\(key)' must be an https URL, found '\(EndpointURL(text))'", at: reader.location(of: key))
        return nil
    }

    private func hostAndPort(_ reader: SettingsReader, _ key: String) -> String? {
        guard let text = reader.string(key) else { return nil }
        if Text.isHostAndPort(text) { return text }
        reader.error("'\(key)' must be host:port, found '\(EndpointURL(text))'", at: reader.location(of: key))
        return nil
    }

    private func certificateFile(
        _ reader: SettingsReader, _ key: String, tell: (_ sentence: String, _ location: SourceLocation) -> Void
    ) -> String? {
        guard let file = reader.string(key).map(resolved) else { return nil }
        do {
            _ = try CertificateFacts.read(pemOrDER: try RegularFile.read(file, atMost: RegularFile.certificateLimit))
        } catch let error as CertificateUnreadable {
            tell("'\(key)': \(file) is not a certificate (\(error)): export it as DER or PEM", reader.location(of: key))
        } catch {
            tell("'\(key)': \(error)", reader.location(of: key))
        }
        return file
    }
}
