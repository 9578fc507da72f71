import Documents

/// An account for the Windows authentication of an HTTP server or proxy.
package struct WindowsLogin: Sendable, Hashable {
    package enum Scheme: Sendable, Hashable {
        /// A Kerberos ticket.
        case negotiate
        case ntlm
    }

    /// Files are read at each request.
    package enum Secret: Sendable, Hashable {
        case password(String)
        /// White space around the password is removed.
        case passwordFile(String)
        /// A keytab with a key of the account; for Kerberos only.
        case keytab(String)
    }

    package var scheme: Scheme
    /// `svc-agent@FABRIKAM.COM` for Kerberos, where a missing realm is the default one of `krb5.conf`; `FABRIKAM\svc-agent` for NTLM.
    package var user: String
    package var secret: Secret

    package init(scheme: Scheme, user: String, secret: Secret) {
        self.scheme = scheme
        self.user = user
        self.secret = secret
    }

    /// - Returns: nil where a keytab takes its place.
    /// - Throws: `credentialUnreadable`, `localResources`.
    func password() throws(ExchangeFailure) -> String? {
        switch secret {
        case .password(let text): return text
        case .keytab: return nil
        case .passwordFile(let path):
            do throws(FileUnreadable) {
                return String(decoding: try RegularFile.read(path, atMost: RegularFile.credentialLimit), as: UTF8.self).trimmed
            } catch {
                throw ExchangeFailure(
                    kind: error.isLocalLimit ? .localResources : .credentialUnreadable, phase: .processing, sentence: error.description)
            }
        }
    }
}
