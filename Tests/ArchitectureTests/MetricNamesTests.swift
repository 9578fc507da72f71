import Documents
import Logging
import ProbeKinds
import Probing
import TargetKinds
import TestSupport
import Testing
import Transfers

@Suite struct MetricNamesTests {
    private let metrics: Set<MetricDefinition>
    private let kinds: [any ProbeKind]

    init() throws {
        let directory = try TemporaryDirectory()
        let transfers = Transfers()
        let log = CertificateLog(
            directory: directory.path, isWritable: false, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        kinds =
            ShippedKinds.all(KindServices(transfers: transfers, sightings: log, userAgent: "test"))
            + TargetKinds.all(TargetServices(transfers: transfers, userAgent: "test"))
        metrics = Set(kinds.flatMap(\.guide.metrics) + MetricDefinition.peerCertificate)
    }

    @Test("there is one metric for each name, and a guide lists it once")
    func unique() {
        #expect(metrics.count > 30)
        for names in [metrics.map(\.name), metrics.map(\.scheduledName)] { #expect(Set(names).count == names.count, "\(names.sorted())") }
        for kind in kinds { #expect(Set(kind.guide.metrics).count == kind.guide.metrics.count, "\(kind.name)") }
    }

    @Test("what is shown under the names of other exporters is measured by a kind")
    func compatible() throws {
        let names = Set(metrics.map(\.name))
        for file in ["CompatibleNames", "SSLNames"] {
            let text = try String(decoding: RegularFile.read("Sources/Exposition/Probes/\(file).swift", atMost: 1 << 20), as: UTF8.self)
            let used = text.matches(of: /"(probe_\w+)"/).map { String($0.1) }
            #expect(!used.isEmpty && names.isSuperset(of: used), "\(file): \(Set(used).subtracting(names).sorted())")
        }
    }
}
