package import Certificates
import FoundationEssentials
import Outbound
import Probing
package import Transfers

/// Collects facts about a site that has no configuration yet, for `agent init`.
package struct SiteSurvey: Sendable {
    /// What was found on one server.
    package struct ServerSighting: Sendable {
        package var name: String
        /// The newest signing key it publishes; nil if its document could not be read.
        package var newestKey: Thumbprint?
        /// Whether a gateway answers in its place.
        package var isUnpublished = false
        /// Whether it, or a gateway in its place, sent any response.
        package var isReached = false
        /// One sentence; nil if its document could be read.
        package var problem: String?

        /// A server that was not looked at.
        package init(name: String) { self.name = name }
    }

    /// What was found in the auth server's document; `problem` is one sentence, nil if the document could be read.
    package struct AuthServerSighting: Sendable {
        package var realm: String?
        package var tokenEndpoint: String?
        package var problem: String?
    }

    private let path: NetworkPath
    private static let deadline: Duration = .seconds(10)

    /// - Throws: `TrustStore.Unusable` if `caFile` cannot be read or contains no certificate.
    package init(_ transfers: Transfers, caFile: String?, connectTo: [String: String]) throws(TrustStore.Unusable) {
        var settings = NetworkSettings()
        settings.connectTo = connectTo
        let trust = TrustedRoots(includesSystem: true, file: caFile)
        _ = try transfers.trustStores.store(trust)
        path = NetworkPath(transfers: transfers, trust: trust, settings: settings, userAgent: "agent")
    }

    /// Reads each server's auth metadata document concurrently, within ten seconds; the results are in the order of the names.
    /// - Parameter addresses: `host:port` to connect to, by server name in lower case.
    package func look(at names: [String], hostname: String?, addresses: [String: String]) async -> [ServerSighting] {
        await withTaskGroup(of: (Int, ServerSighting).self) { group in
            for (index, name) in names.enumerated() {
                var server = Server(name: name)
                server.hostname = hostname ?? name
                server.address = addresses[name.lowercased()]
                let publisher = MetadataSighting.Publisher.server(server)
                group.addTask {
                    let sighting = await look(publisher)
                    var seen = ServerSighting(name: name)
                    seen.newestKey = sighting.document?.keys.max { $0.facts.notBefore < $1.facts.notBefore }?.thumbprint
                    seen.isUnpublished = sighting.finding?.reason == .preauthenticationSuspected
                    seen.isReached = sighting.report.response != nil
                    seen.problem = sighting.finding?.sentence
                    return (index, seen)
                }
            }
            var sightings: [(Int, ServerSighting)] = []
            for await sighting in group { sightings.append(sighting) }
            return sightings.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    /// Reads the auth server's document, within ten seconds.
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
