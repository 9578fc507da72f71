package import Probing
package import Transfers

extension WindowsLogin {
    package init(_ account: WindowsAccount) {
        let scheme: Scheme =
            switch account.scheme {
            case .negotiate: .negotiate
            case .ntlm: .ntlm
            }
        let secret: Secret =
            switch account.secret {
            case .password(let text): .password(text)
            case .passwordFile(let path): .passwordFile(path)
            case .keytab(let path): .keytab(path)
            }
        self.init(scheme: scheme, user: account.user, secret: secret)
    }
}
