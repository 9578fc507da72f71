import Glibc

/// The system does not provide a resource that is required to start; the description is one sentence.
package struct SystemRefusal: Error, CustomStringConvertible {
    package let description: String

    /// - Parameter code: `errno` of the failed call.
    init(_ what: String, errno code: Int32) {
        let remedy = code == EMFILE ? ": raise the limit of open files (ulimit -n, LimitNOFILE)" : ""
        description = "the system refused \(what): \(String(cString: strerror(code)))\(remedy)"
    }
}
