import Documents
import Outbound
import Probing
import Synchronization
import Transfers

/// Caches access tokens until shortly before they expire.
final class TokenCache: Sendable {
    /// No token could be obtained.
    struct Failure: Error {
        var severity = Finding.Severity.failure
        var reason: Reason
        /// One clause that names the endpoint, without the secret.
        var clause: String
        var exception = ""
    }

    private struct Token {
        /// The header's value: `Bearer eyJ...`.
        var header: String
        var until: Duration
    }

    private struct State {
        var tokens: [OAuthClient.Identity: Token] = [:]
        /// Incremented by `clear`: tokens requested before it are not cached.
        var clears = 0
    }

    private let state = Mutex(State())
    /// The lifetime assumed for a token without `expires_in`.
    private static let unstatedLife = Duration.seconds(300)

    func clear() {
        state.withLock { state in
            state.tokens = [:]
            state.clears += 1
        }
    }

    /// Removes a token that was not accepted.
    func drop(_ identity: OAuthClient.Identity) { state.withLock { $0.tokens[identity] = nil } }

    /// The value of the `Authorization` header, with a cached or a new token.
    func header(
        for client: OAuthClient, secret: String, _ transfers: Transfers, _ context: RunContext, userAgent: String,
        until end: ContinuousClock.Instant
    ) async throws(Failure) -> String {
        let identity = client.identity(secret: secret)
        let now = context.time.elapsed
        let (known, life) = state.withLock { ($0.tokens[identity], $0.clears) }
        if let known, now < known.until { return known.header }
        let (header, goodFor) = try await fetch(client, secret, transfers, userAgent, until: end)
        if !context.isRehearsal {
            let token = Token(header: header, until: now + goodFor - min(.seconds(60), goodFor / 10))
            state.withLock { state in
                guard state.clears == life else { return }
                state.tokens = state.tokens.filter { now < $0.value.until }
                state.tokens[identity] = token
            }
        }
        return header
    }

    private func fetch(
        _ client: OAuthClient, _ secret: String, _ transfers: Transfers, _ userAgent: String, until end: ContinuousClock.Instant
    ) async throws(Failure) -> (header: String, life: Duration) {
        var refusal: Failure?
        for place in OAuthClient.CredentialPlacement.allCases {
            let left = max(.milliseconds(1), ContinuousClock.now.duration(to: end))
            let report = await transfers.exchange(client.request(secret: secret, place, deadline: left, userAgent: userAgent))
            if let failure = report.failure {
                throw Failure(
                    severity: failure.severity, reason: failure.reason(report.tls),
                    clause: "the token endpoint \(client.tokenURL): \(failure.sentence)",
                    exception: failure.detail)
            }
            guard let response = report.response else { continue }
            if (200...299).contains(response.status) { return try Self.token(in: response, client) }
            // The first refusal is more specific: the second may only mean that the endpoint does not read credentials from the body.
            refusal = refusal ?? Self.refusal(response, client, secret)
            guard [400, 401].contains(response.status) else { break }
        }
        throw refusal ?? Failure(reason: .tokenMalformed, clause: "the token endpoint \(client.tokenURL) did not respond")
    }

    private static func token(in response: ExchangeResponse, _ client: OAuthClient) throws(Failure) -> (String, Duration) {
        let answer = try? JSONTree(response.body, within: .answer)
        guard let token = answer?["access_token"]?.text, !token.isEmpty else {
            throw Failure(
                reason: .tokenMalformed, clause: "the response of the token endpoint \(client.tokenURL) contains no 'access_token'")
        }
        let type = answer?["token_type"]?.text ?? "Bearer"
        let header = (type.lowercased() == "bearer" ? "Bearer" : type) + " " + token
        guard HeaderField.areSendable([HeaderField("Authorization", header)]) else {
            throw Failure(
                reason: .tokenMalformed, clause: "the token from \(client.tokenURL) contains a character that is not allowed in a header")
        }
        return (header, answer?["expires_in"]?.duration ?? unstatedLife)
    }

    private static func refusal(_ response: ExchangeResponse, _ client: OAuthClient, _ secret: String) -> Failure {
        let answer = try? JSONTree(response.body, within: .answer)
        let words = [answer?["error"]?.text, answer?["error_description"]?.text].compactMap(\.self).joined(separator: ": ")
        let told = Redaction(secrets: [secret]).masked(words)
        let reason: Reason =
            switch response.status {
            case 429: .endpointThrottled
            case 500...: .endpointUnavailable
            case 300..<400: .httpRedirect
            default: .tokenRefused
            }
        return Failure(
            reason: reason, clause: "the token endpoint \(client.tokenURL) responded with status \(response.status)",
            exception: String(told.prefix(300)))
    }
}
