package import Certificates
package import FoundationEssentials

/// What an Exchange organization says of itself in its Management Shell, as `Export-ExchangeFacts.ps1` writes it.
///
/// A member that the script could not read is nil, and `errors` says why; an empty list was read and is empty.
package struct ExchangeSnapshot: Sendable, Decodable {
    /// The version of the format that is read.
    package static let schema = 1
    /// How far the clock of the server that collected it may be ahead, in seconds.
    package static let clockTolerance: TimeInterval = 300

    package var schema: Int
    /// When the script began, by the clock of the server that ran it.
    package var collectedAt: Date
    /// The server that ran it.
    package var collectedBy: String?
    package var organization: Organization
    package var authConfig: AuthConfig?
    package var authServers: [AuthServer]?
    package var partnerApplications: [PartnerApplication]?
    /// Nil also if there is no such app; then no error names its cmdlet.
    package var pushNotificationProxy: PushNotificationProxy?
    package var settingOverrides: [SettingOverride]?
    package var hybridConfiguration: HybridConfiguration?
    package var connectors: [Connector]?
    /// Every Exchange server of the organization; an unreachable one has no certificates.
    package var servers: [Server]
    package var errors: [CmdletError]?

    /// `Get-OrganizationConfig` and `Get-AcceptedDomain`.
    package struct Organization: Sendable, Decodable {
        package var name: String
        /// A GUID.
        package var id: String?
        package var domains: [String]?
        package var defaultDomain: String?
    }

    /// `Get-AuthConfig`.
    package struct AuthConfig: Sendable, Decodable {
        package var currentThumbprint: SnapshotThumbprint?
        package var previousThumbprint: SnapshotThumbprint?
        package var nextThumbprint: SnapshotThumbprint?
        package var nextEffectiveDate: Date?
        package var serviceName: String?
        package var realm: String?

        package var current: Thumbprint? { currentThumbprint?.value }
        package var previous: Thumbprint? { previousThumbprint?.value }
        package var next: Thumbprint? { nextThumbprint?.value }
    }

    /// `Get-AuthServer`.
    package struct AuthServer: Sendable, Decodable {
        package var name: String
        /// Such as `MicrosoftACS` or `AzureAD`.
        package var type: String
        package var realm: String?
        package var metadataUrl: String?
        package var tokenIssuingEndpoint: String?
        package var applicationId: String?
        package var enabled: Bool
    }

    /// `Get-PartnerApplication`.
    package struct PartnerApplication: Sendable, Decodable {
        package var name: String
        package var applicationId: String?
        package var realm: String?
        package var enabled: Bool
    }

    /// `Get-PushNotificationApp OnPrem-Proxy`.
    package struct PushNotificationProxy: Sendable, Decodable {
        package var name: String
        package var enabled: Bool?
        package var organization: String?
        package var uri: String?
        package var isValid: Bool?
    }

    /// `Get-SettingOverride`.
    package struct SettingOverride: Sendable, Decodable {
        package var name: String
        package var component: String
        package var section: String
        package var parameters: [String]?
        /// Empty for all servers.
        package var servers: [String]?
        package var minimumVersion: String?
        package var maximumVersion: String?
    }

    /// `Get-HybridConfiguration`.
    package struct HybridConfiguration: Sendable, Decodable {
        package var features: [String]?
        package var tlsCertificateName: String?
        package var domains: [String]?
    }

    /// `Get-SendConnector` and `Get-ReceiveConnector`.
    package struct Connector: Sendable, Decodable {
        package enum Direction: String, Sendable, Decodable { case send, receive }

        package var direction: Direction
        package var name: String
        package var server: String?
        package var enabled: Bool?
        /// `<I>issuer<S>subject`
        package var tlsCertificateName: String?
        package var tlsAuthLevel: String?
        package var tlsDomain: String?
        package var requireTls: Bool?
    }

    /// `Get-ExchangeServer`, and what was asked of this server.
    package struct Server: Sendable, Decodable {
        /// Fully qualified.
        package var name: String
        package var roles: [String]?
        /// The build that is installed, such as `15.2.2562.17`.
        package var version: String?
        package var site: String?
        /// Whether it told its certificates; for a server that is no Mailbox server, true.
        package var isReachable: Bool
        /// Why it did not.
        package var error: String?
        package var internalTransportThumbprint: SnapshotThumbprint?
        package var certificates: [Certificate]?
        package var components: [Component]?
        package var virtualDirectories: [VirtualDirectory]?
    }

    /// `Get-ExchangeCertificate`.
    package struct Certificate: Sendable, Decodable {
        package var thumbprint: SnapshotThumbprint
        package var subject: String?
        package var friendlyName: String?
        package var notBefore: Date
        package var notAfter: Date
        /// In bits; 0 for an elliptic curve, as Exchange reports it.
        package var keySize: Int?
        /// Nil if Exchange did not say.
        package var hasPrivateKey: Bool?
        /// Such as `SMTP`, `IIS`, `Federation`.
        package var services: [String]?
        package var status: String?
        package var isSelfSigned: Bool?
        package var domains: [String]?
        /// Base64 of the DER.
        package var certificate: String?
    }

    /// `Get-ServerComponentState`.
    package struct Component: Sendable, Decodable {
        package var name: String
        package var state: String
    }

    /// A virtual directory and whether OAuth is among its authentication methods.
    package struct VirtualDirectory: Sendable, Decodable {
        package var name: String
        package var oauth: Bool?
    }

    /// A cmdlet that did not return what was asked of it.
    package struct CmdletError: Sendable, Decodable {
        package enum Kind: String, Sendable, Decodable {
            /// The cmdlet does not exist in this version or for this role.
            case missing
            case denied
            case failed
        }

        package var cmdlet: String
        package var server: String?
        package var kind: Kind
        package var message: String?
    }

    /// The server with this name, ignoring case; nil if the organization has none.
    package func server(named name: String) -> Server? {
        let wanted = name.lowercased()
        return servers.first { $0.name.lowercased() == wanted }
    }
}

/// A thumbprint as Exchange writes it: 40 hexadecimal digits, or nothing.
package struct SnapshotThumbprint: Sendable, Hashable, Decodable {
    /// Nil for an empty text.
    package let value: Thumbprint?

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        value = Thumbprint(text)
        guard value != nil || text.isEmpty else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "expected a thumbprint of 40 hexadecimal digits")
        }
    }
}
