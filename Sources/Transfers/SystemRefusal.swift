import Glibc

/// The system gives this process less than it needs to begin at all, in one sentence.
package struct SystemRefusal: Error, CustomStringConvertible {
    package let description: String

    /// From `errno` of the call that failed.
    init(_ what: String, errno code: Int32) {
        let remedy = code == EMFILE ? ": raise the limit of open files (ulimit -n, LimitNOFILE)" : ""
        description = "the system refuses \(what): \(String(cString: strerror(code)))\(remedy)"
    }
}
