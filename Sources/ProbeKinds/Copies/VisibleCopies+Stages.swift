import ExchangeExport
import FoundationEssentials
import Outbound
import Probing
import Transfers

extension VisibleCopies {
    /// Records the metadata stage for a probe that only depends on the server's document: if it could not be read, the stage is not
    /// observed, and the probe that monitors it is named.
    func recordMetadata(in log: inout RunRecorder, place: Place) {
        guard let server = place.server else { return }
        guard let metadata else {
            log.stage(.metadata, .notRun, "metadata: false")
            return log.leaveOut("published by \(server.name): metadata: false")
        }
        let time = metadata.report.phases.values.reduce(.zero, +)
        if metadata.document != nil { return log.stage(.metadata, .passed, took: time, "\(published.count) signing key(s)") }
        let reason = metadata.finding?.reason.rawValue ?? ""
        let owner = place.watcher(MetadataReachabilityKind.self).map { " (monitored by \($0))" } ?? ""
        log.stage(.metadata, .notObserved, took: time, metadata.finding?.sentence ?? "")
        log.leaveOut("published by \(server.name): \(reason)\(owner)")
    }
}

extension KindServices {
    /// - Parameter snapshot: the current one; nil if there is none.
    func copies(at place: Place, snapshot: ExchangeSnapshot?, serverPath: String = MetadataReader.serverPath) -> CopyReader {
        let reader = MetadataReader(path: path(place.organization), documents: documents, serverPath: serverPath)
        return CopyReader(place: place, metadata: reader, sightings: sightings, snapshot: snapshot)
    }
}
