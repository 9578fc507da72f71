package import Certificates
import FoundationEssentials
import HealthManager
package import Transfers

/// One look at a site that has no configuration yet, for `agent init`.
package struct SiteSurvey: Sendable {
    package struct ServerSighting: Sendable {
        package var name: String
        /// The newest signing key it publishes.
        package var newestKey: Thumbprint?
        /// A gateway answers in its place.
        package var isUnpublished: Bool
        /// One clause; nil where its document could be read.
        package var problem: String?
    }

    package struct AuthServerSighting: Sendable {
        package var realm: String?
        package var tokenEndpoint: String?
        package var problem: String?
    }

    private let path: NetworkPath
    private static let deadline: Duration = .seconds(10)

    /// - Throws: `TrustStore.Unusable` where `caFile` holds no certificate.
    package init(_ transfers: Transfers, caFile: String?, connectTo: [String: String]) throws(TrustStore.Unusable) {
        var settings = NetworkSettings()
        settings.connectTo = connectTo
        let trust = TrustedRoots(includesSystem: true, file: caFile)
        _ = try transfers.trustStores.store(trust)
        path = NetworkPath(transfers: transfers, trust: trust, settings: settings, userAgent: "agent")
    }

    /// Reads each server's auth metadata document, side by side; in the order of the names.
    package func look(at names: [String], hostname: String?, addresses: [String: String]) async -> [ServerSighting] {
        await withTaskGroup(of: (Int, ServerSighting).self) { group in
            for (index, name) in names.enumerated() {
                var server = Server(name: name)
                server.hostname = hostname ?? name
                server.address = addresses[name.lowercased()]
                let publisher = MetadataSighting.Publisher.server(server)
                group.addTask {
                    let sighting = await look(publisher)
                    let newest = sighting.document?.keys.max { $0.facts.notBefore < $1.facts.notBefore }
                    return (
                        index,
                        ServerSighting(
                            name: name, newestKey: newest?.thumbprint,
                            isUnpublished: sighting.finding?.reason == .preauthenticationSuspected,
                            problem: sighting.finding?.sentence)
                    )
                }
            }
            var sightings: [(Int, ServerSighting)] = []
            for await sighting in group { sightings.append(sighting) }
            return sightings.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    /// Reads the auth server's document.
    package func look(atAuthServer url: String) async -> AuthServerSighting {
        let sighting = await look(.authServer(url: url))
        return AuthServerSighting(
            realm: sighting.document?.realm, tokenEndpoint: sighting.document?.tokenEndpoints.first, problem: sighting.finding?.sentence)
    }

    private func look(_ publisher: MetadataSighting.Publisher) async -> MetadataSighting {
        let time = SystemTime()
        let context = RunContext(date: time.now, deadline: Self.deadline, time: time)
        return await MetadataReader(path: path, documents: DocumentCache()).fresh(publisher, context)
    }
}
