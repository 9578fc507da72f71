import Logging
import ProbeKinds
import Probing
import TargetKinds
import TestSupport
import Testing
import Transfers

@Suite struct MetricNamesTests {
    @Test("there is one metric for each name, and a guide lists it once")
    func unique() throws {
        let directory = try TemporaryDirectory()
        let transfers = Transfers()
        let log = CertificateLog(
            directory: directory.path, isWritable: false, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let kinds =
            ShippedKinds.all(KindServices(transfers: transfers, sightings: log, userAgent: "test"))
            + TargetKinds.all(TargetServices(transfers: transfers, userAgent: "test"))
        let metrics = Set(kinds.flatMap(\.guide.metrics) + MetricDefinition.peerCertificate)
        #expect(metrics.count > 30)
        for names in [metrics.map(\.name), metrics.map(\.scheduledName)] { #expect(Set(names).count == names.count, "\(names.sorted())") }
        for kind in kinds { #expect(Set(kind.guide.metrics).count == kind.guide.metrics.count, "\(kind.name)") }
    }
}
