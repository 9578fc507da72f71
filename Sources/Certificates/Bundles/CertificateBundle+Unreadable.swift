extension CertificateBundle {
    /// Why nothing of a file can be read.
    package struct Unreadable: Error, CustomStringConvertible {
        package enum Cause: Sendable {
            /// Another kind of file.
            case notCertificates
            /// A damaged or incomplete file.
            case malformed
            /// A file that is protected with a password, and none was given.
            case passwordNeeded
            /// None of the passwords is that of the file.
            case passwordWrong
            /// A format, version or algorithm that is not supported.
            case unsupported
            /// A file that exceeds a limit: in bytes, or in the time that it asks for.
            case tooLarge
        }

        package var cause: Cause
        /// One clause: `PKCS#12 that none of the 2 passwords opens`.
        package var description: String

        init(_ cause: Cause, _ description: String) {
            self.cause = cause
            self.description = description
        }
    }
}
