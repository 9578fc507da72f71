import FoundationEssentials
import Outbound
import Probing
import Transfers

/// The authentication of a request: `basic_auth`, `authorization`, `bearer_token`, `oauth2` or `windows_auth`; a module may have at most one.
enum Authorization: Sendable {
    case none
    case basic(user: Secret?, password: Secret?)
    /// `Authorization: TYPE CREDENTIALS`
    case credentials(type: String, Secret)
    case oauth(OAuthClient)
    case windows(WindowsLogin)

    init(_ reader: SettingsReader, _ services: TargetServices) {
        var found: [(key: String, value: Authorization)] = []
        if let nested = reader.mapping("basic_auth") {
            found.append(("basic_auth", .basic(user: nested.secret("username"), password: nested.secret("password"))))
            nested.finish()
        }
        if let nested = reader.mapping("authorization") {
            let type = nested.string("type").flatMap { $0.isEmpty ? nil : $0 } ?? "Bearer"
            if type.lowercased() == "basic" {
                nested.error("'type' cannot be basic: use 'basic_auth'", at: nested.location(of: "type"))
            }
            if let secret = nested.secret("credentials") { found.append(("authorization", .credentials(type: type, secret))) }
            nested.finish()
        }
        if let token = reader.secret("bearer_token") { found.append(("bearer_token", .credentials(type: "Bearer", token))) }
        if let nested = reader.mapping("oauth2") {
            if let client = OAuthClient(nested, services) { found.append(("oauth2", .oauth(client))) }
        }
        if let account = reader.windowsAuth(ofModule: "windows_auth") { found.append(("windows_auth", .windows(WindowsLogin(account)))) }
        self = found.first?.value ?? .none
        if found.count > 1 {
            let keys = found.map { "'\($0.key)'" }.joined(separator: " and ")
            reader.error("\(keys) are mutually exclusive: keep one", at: reader.location(of: found[1].key))
        }
    }

    /// The header; nil if there is none, or if it depends on the server's answers.
    func field() throws(Secret.Unreadable) -> HeaderField? {
        switch self {
        case .none, .oauth, .windows: return nil
        case .basic(let user, let password):
            let pair = "\(try user?.read() ?? ""):\(try password?.read() ?? "")"
            return try Self.field("Basic " + Data(pair.utf8).base64EncodedString())
        case .credentials(let type, let secret): return try Self.field("\(type) \(try secret.read())")
        }
    }

    private static func field(_ value: String) throws(Secret.Unreadable) -> HeaderField {
        var field = HeaderField("Authorization", value)
        field.isSecret = true
        guard HeaderField.areSendable([field]) else {
            throw Secret.Unreadable(clause: "the credential contains a character that is not allowed in a header, such as a line break")
        }
        return field
    }
}
