import GRDB

/// Why the database can't be used, as an administrator understands it.
struct HistoryFault: Error {
    let sentence: String
    /// The file is no database any more: it is set aside, and a new one begun.
    let isBroken: Bool

    init(_ error: any Error, path: String) {
        guard let error = error as? DatabaseError else {
            self.init("history in \(path) can't be written: \(error)", isBroken: false)
            return
        }
        let clause: String
        switch error.resultCode {
        case .SQLITE_CORRUPT, .SQLITE_NOTADB: clause = "the file is damaged"
        case .SQLITE_FULL: clause = "the disk is full: make room, history goes on by itself"
        case .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_AUTH: clause = "it is read-only: let the agent's user write there"
        case .SQLITE_CANTOPEN: clause = "it can't be opened: let the agent's user write in the state directory"
        case .SQLITE_IOERR: clause = "the disk refuses (\(error.message ?? "I/O error"))"
        default: clause = error.message ?? "\(error.resultCode)"
        }
        self.init(
            "history in \(path): \(clause)", isBroken: [.SQLITE_CORRUPT, .SQLITE_NOTADB].contains(error.resultCode))
    }

    init(_ sentence: String, isBroken: Bool) {
        self.sentence = sentence
        self.isBroken = isBroken
    }
}
