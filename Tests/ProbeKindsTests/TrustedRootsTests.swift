import FoundationEssentials
import Logging
import Probing
import TestSupport
import Testing
import Transfers

@testable import ProbeKinds

/// `tls.caFile` of the organization's probes.
@Suite struct TrustedRootsTests {
    @Test("a file of roots that cannot be used is Rejected and named, before anything is sent", arguments: [nil, "", "no certificate"])
    func unusable(content: String?) async throws {
        let directory = try TemporaryDirectory()
        let file = directory.path + "/ca.pem"
        if let content { try directory.write("ca.pem", content) }
        var organization = Organization()
        organization.network.caFile = file
        var server = Server(name: "mbx01")
        server.hostname = "mail.fabrikam.com"
        server.address = "127.0.0.1:1"
        organization.servers = [server]
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let services = KindServices(
            transfers: Transfers(), sightings: CertificateLog(directory: directory.path, isWritable: false, logger: logger),
            userAgent: "test")
        let place = Place(organization: organization, server: server)
        guard case .probe(let probe) = MetadataReachabilityKind(services).discover(MetadataReachabilityOptions(), at: place) else {
            Issue.record("no probe")
            return
        }
        let outcome = await probe.run(RunContext(date: Date(), deadline: .seconds(5), time: ManualTime()))
        #expect(outcome.resultType == .rejected && outcome.decisive?.reason == .credentialUnreadable, "\(outcome.findings)")
        #expect(outcome.decisive?.sentence.contains(file) == true, "\(outcome.findings)")
    }
}
