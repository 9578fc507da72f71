import CLinux
import Glibc

/// Lists a directory tree. A directory that cannot be listed is an error, so that it is not mistaken for an empty one.
package enum Folder {
    private static let entryLimit = 100_000

    /// The paths of all files and directories below a directory, relative to it, in no particular order. Symbolic links are not followed.
    /// - Throws: if a directory cannot be read, or if there are more than 100,000 entries.
    package static func paths(below folder: String) throws(FileUnreadable) -> [String] {
        var found: [String] = []
        try list(folder, prefix: "", into: &found)
        return found
    }

    private static func list(_ folder: String, prefix: String, into found: inout [String]) throws(FileUnreadable) {
        // Each directory is closed before its subdirectories are opened, so that one descriptor is enough for any depth.
        var folders: [String] = []
        for name in try names(in: folder) {
            found.append(prefix + name)
            if isFolder(folder + "/" + name) { folders.append(name) }
        }
        guard found.count <= entryLimit else { throw FileUnreadable(path: folder, .tooManyEntries(limit: entryLimit)) }
        for name in folders { try list(folder + "/" + name, prefix: prefix + name + "/", into: &found) }
    }

    private static func names(in folder: String) throws(FileUnreadable) -> [String] {
        guard let stream = opendir(folder) else { throw FileUnreadable(path: folder, errno: errno) }
        defer { closedir(stream) }
        var names: [String] = []
        while names.count <= entryLimit {
            errno = 0
            guard let entry = readdir(stream) else {
                if errno != 0 { throw FileUnreadable(path: folder, errno: errno) }
                break
            }
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    private static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }
}
