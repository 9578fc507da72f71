package import Addresses
package import Certificates

/// All that `agent.yaml` says. Every key has a default; an agent without servers runs.
///
/// Paths are absolute or relative to the working directory of the process (the reader has resolved them against the file).
package struct AgentConfiguration: Sendable {
    /// The tenant's domain; empty where left out.
    package var organization = ""
    package var tenant = Tenant()
    package var servers: [Server] = []
    package var authConfig = AuthConfig()
    package var authServer: AuthServer?
    package var pushProxy = PushProxy()
    package var thresholds = Thresholds()
    package var network = NetworkSettings()
    package var daemon = DaemonSettings()
    package var probe = ProbeAccess()
    /// Those that are told of alerts directly.
    package var alertmanagers: [AlertmanagerConfiguration] = []
    package var responders: [Responder] = []
    package var history = HistorySettings()

    package init() {}

    /// The server a name means: the full name or an unambiguous first label, ignoring case.
    package func server(named name: String) -> Server? {
        let wanted = name.lowercased()
        if let exact = servers.first(where: { $0.name.lowercased() == wanted }) { return exact }
        let byLabel = servers.filter { $0.name.lowercased().split(separator: ".").first.map(String.init) == wanted }
        return byLabel.count == 1 ? byLabel[0] : nil
    }

    /// Whether `name` is the tenant's id, the organization, or one of its domains.
    package func namesThisTenant(_ name: String) -> Bool {
        let known = [organization, tenant.id ?? ""] + tenant.domains
        return known.contains { !$0.isEmpty && $0.lowercased() == name.lowercased() }
    }
}

package struct Tenant: Sendable, Hashable {
    /// The directory's GUID, where known.
    package var id: String?
    package var domains: [String] = []

    package init() {}
}

/// What `Get-ExchangeServer` would list.
package struct Server: Sendable, Hashable {
    package enum Role: String, Sendable, Hashable, CaseIterable {
        case mailbox = "Mailbox"
        case edge = "Edge"
    }

    /// Identity and label.
    package var name: String
    package var roles: [Role] = [.mailbox]
    /// `host:port` to connect to instead of `hostname:443`.
    package var address: String?
    /// SNI, `Host`, and the name the certificate must bear.
    package var hostname: String
    /// Whether its auth metadata document can be reached from here.
    package var publishesMetadata = true

    package init(name: String) {
        self.name = name
        hostname = name
    }
}

package struct AuthConfig: Sendable, Hashable {
    package var currentCertificateThumbprint: Thumbprint?
    /// Where the thumbprint is written, to name the line when it is out of date.
    package var thumbprintLocation: String?
    /// The exported certificate, DER or PEM.
    package var certificateFile: String?

    package init() {}
}

package struct AuthServer: Sendable, Hashable {
    package var name = "MicrosoftSts"
    /// An https URL.
    package var metadataURL: String

    package init(metadataURL: String) { self.metadataURL = metadataURL }
}

package struct PushProxy: Sendable, Hashable {
    package var enabled = false
    package var organization = ""
    package var uri = ""
    package var token: TokenCredential?

    package init() {}
}

/// The agent's own credential for the push service, never Exchange's.
package struct TokenCredential: Sendable, Hashable {
    /// An https URL.
    package var endpoint: String
    package var clientID: String
    package var scope: String
    package var certificateFile: String
    package var keyFile: String

    package init(endpoint: String, clientID: String, scope: String, certificateFile: String, keyFile: String) {
        self.endpoint = endpoint
        self.clientID = clientID
        self.scope = scope
        self.certificateFile = certificateFile
        self.keyFile = keyFile
    }
}

package struct Thresholds: Sendable, Hashable {
    /// As written; nil means the lesser of 60 days and a third of the certificate's lifetime.
    package var warnBelow: Duration?
    /// As written; nil means the lesser of 30 days and a tenth of the lifetime.
    package var failBelow: Duration?
    package var minimumKeyBits = 2048
    package var driftSettling: Duration = .seconds(86400)

    package static let defaultWarning: Duration = .seconds(60 * 86400)
    package static let defaultFailure: Duration = .seconds(30 * 86400)
    package static let defaultWarningShare = 1.0 / 3
    package static let defaultFailureShare = 0.1

    package init() {}

    /// How long before its end a certificate of that lifetime begins to warn.
    package func warning(lifetime: Duration) -> Duration {
        warnBelow ?? min(Self.defaultWarning, .seconds(lifetime.seconds * Self.defaultWarningShare))
    }

    /// How long before its end a certificate of that lifetime begins to fail.
    package func failure(lifetime: Duration) -> Duration {
        failBelow ?? min(Self.defaultFailure, .seconds(lifetime.seconds * Self.defaultFailureShare))
    }
}

/// How long the past is kept.
package struct HistorySettings: Sendable, Hashable {
    package var keepFor: Duration = .seconds(30 * 86400)
    package var maximumBytes = 256 << 20

    package init() {}
}

/// How the agent reaches others.
package struct NetworkSettings: Sendable, Hashable {
    package struct Proxy: Sendable, Hashable {
        package var url: EndpointURL
        package var noProxy: [String]

        package init(url: EndpointURL, noProxy: [String]) {
            self.url = url
            self.noProxy = noProxy
        }
    }

    /// PEM file of roots to trust beside the system's.
    package var caFile: String?
    /// `host:port` to `host:port`, as curl's `--connect-to`.
    package var connectTo: [String: String] = [:]
    /// For cloud hosts, never for `servers`.
    package var proxy: Proxy?

    package init() {}
}

/// How others reach the agent, and where it keeps its state.
package struct DaemonSettings: Sendable, Hashable {
    package struct ControlSocket: Sendable, Hashable {
        /// Nil is `control.sock` in the state directory.
        package var path: String?
        /// The group that may use it; nil is the owner alone.
        package var group: String?

        package init() {}
    }

    /// `address:port`; port 0 takes a free one, no address or `*` every address of this machine.
    package var listen = "127.0.0.1:9717"
    package var stateDirectory = "/var/lib/agent"
    package var controlSocket = ControlSocket()
    /// Further names this agent is served under.
    package var hostNames: [String] = []
    /// Whether a proxy on this machine brings requests of others, so that a caller on loopback may be anybody.
    package var isBehindProxy = false

    package init() {}

    package var controlSocketPath: String { controlSocket.path ?? stateDirectory + "/control.sock" }
}
