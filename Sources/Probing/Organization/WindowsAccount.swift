/// An account for Windows authentication (`windowsAuth`, in modules `windows_auth`).
package struct WindowsAccount: Sendable, Hashable {
    package enum Scheme: String, Sendable, Hashable, CaseIterable {
        /// A Kerberos ticket.
        case negotiate
        case ntlm
    }

    /// Files are read at each run.
    package enum Secret: Sendable, Hashable {
        case password(String)
        case passwordFile(String)
        /// For `negotiate` only.
        case keytab(String)
    }

    package var scheme: Scheme
    package var user: String
    package var secret: Secret
}

extension SettingsReader {
    /// An account under `windowsAuth`; nil if there is none or it cannot be used, which is reported.
    package var windowsAuth: WindowsAccount? {
        mapping("windowsAuth").flatMap { $0.windowsAccount(user: "user", password: nil, passwordFile: "passwordFile") }
    }

    /// An account under a key of a module; nil if there is none or it cannot be used, which is reported.
    package func windowsAuth(ofModule key: String) -> WindowsAccount? {
        mapping(key).flatMap { $0.windowsAccount(user: "username", password: "password", passwordFile: "password_file") }
    }

    private func windowsAccount(user userKey: String, password: String?, passwordFile: String) -> WindowsAccount? {
        defer { finish() }
        let scheme = choice("scheme", WindowsAccount.Scheme.self)
        let user = line(userKey) ?? ""
        let secrets: [(key: String, secret: WindowsAccount.Secret)] = [
            password.flatMap { key in string(key).map { (key, .password($0)) } },
            path(passwordFile).map { (passwordFile, .passwordFile($0)) },
            path("keytab").map { ("keytab", .keytab($0)) },
        ].compactMap(\.self)
        if !has("scheme") { error("'scheme' is required: negotiate or ntlm", at: location) }
        if user.isEmpty { error("'\(userKey)' is required: the account to log in with", at: location(of: userKey)) }
        guard secrets.count == 1 else {
            let keys = [password, passwordFile, "keytab"].compactMap(\.self).map { "'\($0)'" }
            error("set one of \(keys.joined(separator: ", "))", at: secrets.last.map { location(of: $0.key) } ?? location)
            return nil
        }
        if scheme == .ntlm, case .keytab = secrets[0].secret {
            error("'keytab' is for 'scheme: negotiate': NTLM needs a password", at: location(of: "keytab"))
        }
        guard let scheme, !user.isEmpty else { return nil }
        return WindowsAccount(scheme: scheme, user: user, secret: secrets[0].secret)
    }
}
