import GRDB
import Glibc

/// Why the file can't be used, in one sentence.
struct StorageFault: Error {
    let sentence: String
    /// The file itself is at fault: another one may be begun.
    var isBroken = false
    /// Nothing is wrong but that there is no room.
    var isFull = false

    init(_ sentence: String, isBroken: Bool = false, isFull: Bool = false) {
        self.sentence = sentence
        self.isBroken = isBroken
        self.isFull = isFull
    }

    init(_ error: any Error, path: String) {
        if let fault = error as? StorageFault {
            self = fault
            return
        }
        guard let error = error as? DatabaseError else {
            self.init("no history can be written to \(path): \(error)")
            return
        }
        switch error.resultCode {
        case .SQLITE_FULL: self.init("no history can be written: the disk of \(path) is full", isFull: true)
        case .SQLITE_IOERR where Self.isFull(path): self.init("no history can be written: the disk of \(path) is full", isFull: true)
        case .SQLITE_READONLY: self.init("no history can be written: \(path) is read-only")
        case .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_AUTH: self.init("no history can be written: \(path) can't be opened for writing")
        case .SQLITE_BUSY, .SQLITE_LOCKED: self.init("no history can be written: another program holds \(path)")
        case .SQLITE_IOERR: self.init("no history can be written: the disk of \(path) fails (\(error.message ?? "I/O error"))")
        case .SQLITE_CORRUPT, .SQLITE_NOTADB:
            self.init("no history can be written: \(path) is damaged, or no database", isBroken: true)
        // What SQLite can't parse here are never the statements, but the tables they are about.
        case .SQLITE_ERROR, .SQLITE_SCHEMA, .SQLITE_MISMATCH, .SQLITE_CONSTRAINT:
            self.init("no history can be written: \(path) is not this agent's (\(error.message ?? "unknown tables"))", isBroken: true)
        default: self.init("no history can be written to \(path): \(error.message ?? "\(error.resultCode)")")
        }
    }

    /// The system's own reason, of the call that has just failed.
    init(errno code: Int32, doing what: String) { self.init("no history can be written: \(what): \(String(cString: strerror(code)))") }

    private static func isFull(_ path: String) -> Bool {
        var state = statvfs()
        return statvfs(path, &state) == 0 && state.f_bavail == 0
    }
}
