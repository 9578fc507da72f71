import GRDB
import Glibc

/// Why the history file cannot be used, in one sentence.
struct StorageFault: Error {
    let sentence: String
    /// The file is corrupt or foreign: it may be replaced by a new one.
    var isBroken = false
    /// The disk is full; the file itself is intact.
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
            self.init("cannot write history to \(path): \(error)")
            return
        }
        switch error.resultCode {
        case .SQLITE_FULL: self.init("cannot write history: the disk of \(path) is full", isFull: true)
        case .SQLITE_IOERR where Self.isFull(path): self.init("cannot write history: the disk of \(path) is full", isFull: true)
        case .SQLITE_READONLY: self.init("cannot write history: \(path) is read-only")
        case .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_AUTH: self.init("cannot write history: \(path) cannot be opened for writing")
        case .SQLITE_BUSY, .SQLITE_LOCKED: self.init("cannot write history: \(path) is locked by another process")
        case .SQLITE_IOERR: self.init("cannot write history: I/O error on \(path) (\(error.message ?? "no details"))")
        case .SQLITE_CORRUPT, .SQLITE_NOTADB:
            self.init("cannot write history: \(path) is corrupt or not a database", isBroken: true)
        // The statements themselves are valid: these errors mean that the tables differ from the schema.
        case .SQLITE_ERROR, .SQLITE_SCHEMA, .SQLITE_MISMATCH, .SQLITE_CONSTRAINT:
            self.init("cannot write history: \(path) has an unexpected schema (\(error.message ?? "unknown tables"))", isBroken: true)
        default: self.init("cannot write history to \(path): \(error.message ?? "\(error.resultCode)")")
        }
    }

    /// A failed system call.
    /// - Parameter what: what was being done, such as `opening PATH`.
    init(errno code: Int32, doing what: String) { self.init("cannot write history: \(what): \(String(cString: strerror(code)))") }

    private static func isFull(_ path: String) -> Bool {
        var state = statvfs()
        return statvfs(path, &state) == 0 && state.f_bavail == 0
    }
}
