import CLinux
import Glibc

/// The files that a path names: a file, all files of a directory, or those that match a pattern.
///
/// In a pattern, `*`, `?` and `[a-z]` match within one name, and `**` stands for any number of directories; names that begin with a dot
/// are matched only by a pattern that begins with one. Links are followed, but no directory is searched twice.
package struct FilePattern: Sendable, Hashable, CustomStringConvertible {
    /// The maximum number of files, and of directories searched.
    package static let limit = 100_000
    /// The most directories that lead to a file.
    private static let deepest = 64

    /// What was found.
    package struct Files: Sendable {
        /// The paths of regular files, sorted.
        package var paths: [String] = []
        /// What could not be searched, or is no regular file though it is named.
        package var problems: [FileUnreadable] = []
        /// The only path, if it is a file that is named; nil for a directory or a pattern.
        package var named: String?
        /// False if the search was ended.
        package var isComplete = true
    }

    /// An absolute path or pattern.
    package let description: String
    /// Patterns of paths that are left out; here, `*` also matches slashes.
    package let excluded: [String]

    package init(_ text: String, excluding excluded: [String] = []) {
        description = text
        self.excluded = excluded
    }

    /// Whether it names one file or directory.
    package var isLiteral: Bool { !Self.isPattern(description) }

    /// Searches the directories now. Pipes, devices, sockets and the directories of the kernel's own file systems are left out; what is named is a
    /// problem if it is one of these.
    /// - Parameter goesOn: asked before each directory; false ends the search.
    package func files(while goesOn: @escaping () -> Bool = { true }) -> Files {
        var search = Search(pattern: self, goesOn: goesOn)
        search.walk("", description.split(separator: "/").map(String.init)[...])
        var found = search.found
        found.paths.sort()
        return found
    }

    private static func isPattern(_ text: String) -> Bool { text.contains { "*?[".contains($0) } }

    private struct Search {
        /// A directory, and how many components of the pattern were left when it was searched.
        struct Visit: Hashable {
            var device: UInt
            var inode: UInt
            var left: Int
        }

        private let pattern: FilePattern
        private let goesOn: () -> Bool
        private(set) var found = Files()
        private var known: Set<Visit> = []

        init(pattern: FilePattern, goesOn: @escaping () -> Bool) {
            self.pattern = pattern
            self.goesOn = goesOn
        }

        /// Searches a directory, which is named without a final slash.
        mutating func walk(_ directory: String, _ rest: ArraySlice<String>) {
            guard let first = rest.first else { return consider(directory, isNamed: true) }
            let next = rest.dropFirst()
            if !FilePattern.isPattern(first) {
                let path = "\(directory)/\(first)"
                return next.isEmpty ? consider(path, isNamed: pattern.isLiteral) : walk(path, next)
            }
            guard let names = names(in: directory, left: rest.count, matching: first == "**" ? rest.last ?? first : first) else { return }
            if first == "**" {
                // No directory, then each one. As in a shell, what is hidden is not meant.
                let names = names.filter { !$0.hasPrefix(".") }
                next.isEmpty ? names.forEach { consider("\(directory)/\($0)", isNamed: false) } : walk(directory, next)
                for name in names where Self.mode("\(directory)/\(name)") == S_IFDIR { walk("\(directory)/\(name)", rest) }
                return
            }
            for name in names where fnmatch(first, name, FNM_PERIOD) == 0 {
                let path = "\(directory)/\(name)"
                if next.isEmpty { consider(path, isNamed: false) } else if Self.mode(path) == S_IFDIR { walk(path, next) }
            }
        }

        private mutating func consider(_ path: String, isNamed: Bool) {
            guard found.paths.count < FilePattern.limit else { return full() }
            guard !isExcluded(path) else { return }
            var status = stat()
            guard stat(path, &status) == 0 else {
                // What leads nowhere, or vanishes during the search, does not match.
                let problem = FileUnreadable(path: path, errno: errno)
                if isNamed || problem.problem != .missing { found.problems.append(problem) }
                return
            }
            if status.st_mode & S_IFMT == S_IFDIR, isNamed {
                for name in names(in: path, left: 0, matching: "*") ?? [] { consider("\(path)/\(name)", isNamed: false) }
            } else if let shape = RegularFile.shape(status.st_mode) {
                if isNamed { found.problems.append(FileUnreadable(path: path, .notRegular(shape))) }
            } else if isNamed, Self.isOfTheKernel(path) {
                found.problems.append(FileUnreadable(path: path, .notRegular("a file of the kernel")))
            } else {
                found.paths.append(path)
                if isNamed { found.named = path }
            }
        }

        /// The names in a directory, sorted; nil if it was searched before, or cannot be.
        /// - Parameter wanted: the pattern that a name which is no text must match to be a problem; `**` matches all.
        private mutating func names(in directory: String, left: Int, matching wanted: String) -> [String]? {
            let path = directory.isEmpty ? "/" : directory
            guard goesOn() else {
                found.isComplete = false
                return nil
            }
            var status = stat()
            guard stat(path, &status) == 0 else {
                if errno != ENOENT || pattern.isLiteral { found.problems.append(FileUnreadable(path: path, errno: errno)) }
                return nil
            }
            // One that is excluded here may be reached by another way, too.
            guard status.st_mode & S_IFMT == S_IFDIR, !isExcluded(path), !Self.isOfTheKernel(path) else { return nil }
            guard known.count < FilePattern.limit else {
                full()
                return nil
            }
            guard known.insert(Visit(device: UInt(status.st_dev), inode: UInt(status.st_ino), left: left)).inserted else { return nil }
            guard directory.utf8.count(where: { $0 == UInt8(ascii: "/") }) <= FilePattern.deepest else {
                found.problems.append(FileUnreadable(path: path, errno: ELOOP))
                return nil
            }
            guard let stream = opendir(path) else {
                found.problems.append(FileUnreadable(path: path, errno: errno))
                return nil
            }
            defer { closedir(stream) }
            var names: [String] = []
            while names.count <= FilePattern.limit {
                errno = 0
                guard let entry = readdir(stream) else {
                    if errno != 0 { found.problems.append(FileUnreadable(path: path, errno: errno)) }
                    break
                }
                let name = withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) {
                        (exact: String(validatingCString: $0), shown: String(cString: $0), isWanted: fnmatch(wanted, $0, FNM_PERIOD) == 0)
                    }
                }
                guard let exact = name.exact else {
                    guard name.isWanted else { continue }
                    found.problems.append(FileUnreadable(path: "\(directory)/\(name.shown)", errno: EILSEQ))
                    continue
                }
                if exact != ".", exact != ".." { names.append(exact) }
            }
            if names.count > FilePattern.limit { full() }
            return names.sorted()
        }

        private func isExcluded(_ path: String) -> Bool { pattern.excluded.contains { fnmatch($0, path, 0) == 0 } }

        private mutating func full() {
            let problem = FileUnreadable(path: pattern.description, .tooManyEntries(limit: FilePattern.limit))
            if found.problems.last != problem { found.problems.append(problem) }
        }

        /// The type in the mode of what a path leads to; 0 if it leads nowhere.
        private static func mode(_ path: String) -> UInt32 {
            var status = stat()
            return stat(path, &status) == 0 ? status.st_mode & S_IFMT : 0
        }

        /// Whether the file system is `/proc` or `/sys`, whose files are not stored anywhere, and may block.
        private static func isOfTheKernel(_ path: String) -> Bool {
            agent_is_of_kernel(path) == 1
        }
    }
}
