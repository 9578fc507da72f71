import FoundationEssentials
import HealthManager
import Transfers

extension VisibleCopies {
    /// Records how the server's document was read, for a probe that only leans on it: a document that could not be had is
    /// not observed, and named as another probe's business.
    func recordMetadata(in log: inout StageLog, place: Place, watcher: String) {
        guard let server = place.server else { return }
        guard let metadata else {
            log.stage(.metadata, .notRun, "metadata: false")
            return log.leaveOut("published by \(server.name): metadata: false")
        }
        let time = metadata.report.phases.values.reduce(.zero, +)
        if metadata.document != nil { return log.stage(.metadata, .passed, took: time, "\(published.count) signing key(s)") }
        let reason = metadata.finding?.reason.rawValue ?? ""
        let owner = place.watchers[watcher].map { " (watched by \($0))" } ?? ""
        log.stage(.metadata, .notObserved, took: time, metadata.finding?.sentence ?? "")
        log.leaveOut("published by \(server.name): \(reason)\(owner)")
    }
}

extension KindServices {
    func copies(at place: Place, serverPath: String = MetadataReader.serverPath) -> CopyReader {
        let reader = MetadataReader(path: path(place.configuration), documents: documents, serverPath: serverPath)
        return CopyReader(place: place, metadata: reader, sightings: sightings)
    }
}
