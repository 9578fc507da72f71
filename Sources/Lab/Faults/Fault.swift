/// One way the tenant can be broken, by name, and what the agent's probes must then say.
package struct Fault: Sendable {
    /// Where a connection or an answer goes wrong.
    enum Role: String, Sendable {
        case mailbox, health, challenge, authServer, tokenEndpoint, discovery, keySet, federation, push, graph, smtp, imap
    }

    /// What happens to a connection before any request.
    enum Connection: Sendable {
        case refused, unanswered, silent, reset, plainHTTP, expiresSoon, expired, notYetValid, untrusted, wrongName
    }

    /// What a service answers instead of the right thing.
    enum Answer: Sendable {
        case status(Int), redirectElsewhere, loginPage, unauthorizedPage, malformed, noKeys, endless, slow, clock(seconds: Int)
        case wrongRealm, noTokenEndpoint, otherKey, noToken, otherServer, noChallenge, errorPage
        /// The token endpoint's `error`, and the code at the beginning of its description.
        case tokenError(String, String)
        case expiredKeys, keyUnknown, otherDates, keysLeft, noApplication, consentMissing, throttled
        /// Of mail: the server refuses the message or the login, loses the message, or something reads it at once.
        case noResources, loginRefused, lost, readElsewhere
    }

    /// What is written other than it should be into the files the agent reads.
    enum File: Sendable {
        case settling, pushNameUnknown, pushOrganizationEmpty, pushOtherCloud, metadataOtherTenant, serverUnpublished
        case exportedOther, exportedGarbage, keyOpen, credentialExpiring, ewsOff
    }

    /// What the snapshot of the organization says other than it should, or how it is damaged.
    enum Snapshot: Sendable, Hashable {
        case missing, stale, future, halfWritten, foreign, serverAway, denied
        case serverLacksCertificate, noPrivateKey, noServices, connectorOfServers
        case noApplication, noOverride, twoOverrides, oldBuild, noGraphRoute
        /// Nothing: the snapshot is named all the same.
        case whole
        /// AuthConfig names a next certificate.
        case next(Next)

        enum Next: Sendable, Hashable { case overdue, tooLate, same, endsEarlier, missingOnServer }
    }

    enum Effect: Sendable {
        case connection(Role, Connection)
        case answer(Role, Answer)
        case file(File)
        case snapshot(Snapshot)
        /// The organization's OAuth certificate is this one, everywhere.
        case certificate(OAuthCertificates.Variant)
        /// All servers and the exported file have another certificate than AuthConfig names.
        case rotated
    }

    /// What one probe says while the fault is on.
    package struct Expectation: Sendable {
        package var probe: String
        package var resultType: String
        package var reason: String
        package var stage: String
        package var isWarning: Bool
        /// Whether the probe has one instance, not one for each server.
        package var isOfOrganization = false

        /// What `agent invoke` ends with.
        package var exitStatus: Int {
            switch resultType {
            case "Succeeded": 0
            case "Rejected", "Quarantined": 2
            default: 1
            }
        }
    }

    package let name: String
    package let summary: String
    let effects: [Effect]
    package let expectations: [Expectation]

    /// Whether the agent sees it only after it has read its configuration again.
    package var needsReload: Bool {
        effects.contains { effect in
            switch effect {
            case .file(.exportedOther), .file(.exportedGarbage), .file(.keyOpen), .file(.credentialExpiring): false
            case .file, .certificate, .rotated, .snapshot: true
            default: false
            }
        }
    }
}
