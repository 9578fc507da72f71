import Addresses
import FoundationEssentials
import Probing
import Transfers

/// `oauth2`: a client that gets its token from a token endpoint with the client credentials grant.
struct OAuthClient: Sendable {
    var clientID: String
    var secret: Secret
    var scopes: [String]
    /// Absolute.
    var tokenURL: EndpointURL
    /// Additional form parameters, such as `audience` or `resource`.
    var parameters: [(name: String, value: String)]
    var tls: TLSOptions
    var proxy: ProxyOptions

    init?(_ reader: SettingsReader, _ services: TargetServices) {
        let clientID = reader.required("client_id", what: "'oauth2'")
        let secret = reader.secret("client_secret")
        if secret == nil { reader.error("'oauth2' needs 'client_secret' or 'client_secret_file'", at: reader.location) }
        let written = reader.required("token_url", what: "'oauth2'")
        let url = written.flatMap { URLHost.absolute($0) }
        if let written, url == nil {
            reader.error(
                "'token_url' must be an http or https URL, found '\(EndpointURL(written))'", at: reader.location(of: "token_url"))
        }
        scopes = reader.strings("scopes") ?? []
        parameters = (reader.texts("endpoint_params") ?? []).map { ($0.key, $0.value) }
        tls = TLSOptions(reader.mapping("tls_config"), services)
        proxy = ProxyOptions(reader)
        reader.finish()
        guard let clientID, let secret, let url else { return nil }
        self.clientID = clientID
        self.secret = secret
        tokenURL = EndpointURL(url)
    }

    /// Identifies what a token was issued for, including the secret: tokens are only shared by equal identities.
    struct Identity: Hashable, Sendable {
        fileprivate var parts: [String]
    }

    func identity(secret: String) -> Identity {
        Identity(parts: [tokenURL.text, clientID, secret, scopes.joined(separator: " ")] + parameters.flatMap { [$0.name, $0.value] })
    }

    /// Where a request carries the client's ID and secret. RFC 6749 prefers the header; some endpoints only support the body.
    enum CredentialPlacement: CaseIterable { case header, body }

    func request(secret: String, _ placement: CredentialPlacement, deadline: Duration, userAgent: String) -> ExchangeRequest {
        var request = ExchangeRequest(url: tokenURL.text, deadline: deadline, trust: tls.settings.trust)
        var form = [("grant_type", "client_credentials")]
        if !scopes.isEmpty { form.append(("scope", scopes.joined(separator: " "))) }
        form += parameters.map { ($0.name, $0.value) }
        request.headers = [
            HeaderField("Content-Type", "application/x-www-form-urlencoded"), HeaderField("Accept", "application/json"),
            HeaderField("User-Agent", userAgent),
        ]
        switch placement {
        case .header:
            let pair = "\(PercentEncoding.form(clientID)):\(PercentEncoding.form(secret))"
            request.headers.append(HeaderField("Authorization", "Basic " + Data(pair.utf8).base64EncodedString()))
        case .body: form += [("client_id", clientID), ("client_secret", secret)]
        }
        request.method = .post
        request.body = Array(form.map { "\(PercentEncoding.form($0.0))=\(PercentEncoding.form($0.1))" }.joined(separator: "&").utf8)
        request.tls = tls.settings
        request.proxy = URLHost(request.url).flatMap { proxy.route(to: $0) }
        return request
    }
}
