import API
import Documents
import FoundationEssentials
import Glibc
import Probing
import Transfers

/// An HTTP client for a running agent, over its control socket or a URL.
struct ControlClient {
    enum Unreachable: Error {
        /// Nothing listens on the control socket.
        case noAgent
        /// The request failed or was refused; one sentence, or lines.
        case refused(String)
    }

    let transfers: Transfers
    /// The path of a socket, or an http or https URL.
    let target: String

    /// - Returns: the body of a 2xx response; any other response throws.
    func send(_ method: ExchangeRequest.Method, _ path: String, body: [UInt8]? = nil, deadline: Duration) async throws(Unreachable)
        -> [UInt8]
    {
        let isURL = target.hasPrefix("http://") || target.hasPrefix("https://")
        var request = ExchangeRequest(url: (isURL ? target : "http://localhost") + path, deadline: deadline, trust: .system)
        request.method = method
        request.body = body
        request.bounds.body = 64 << 20
        if body != nil { request.headers.append(HeaderField("Content-Type", "application/json")) }
        if !isURL { request.unixSocket = target }
        let report = await transfers.exchange(request)
        if let failure = report.failure { throw isURL ? .refused("\(target): \(failure.sentence)") : explained(failure) }
        guard let response = report.response else { throw .refused("no response from \(target)") }
        guard (200..<300).contains(response.status) else {
            let text = String(decoding: response.body, as: UTF8.self)
            // A JSON error is one sentence, which may quote user input; other responses are lines of text.
            let sentence = (try? JSONText.decode(ErrorDocument.self, from: response.body))?.error
            let problem = sentence.map { PrintableText.line($0) } ?? text
            throw .refused(problem.isEmpty ? "the agent answered with status \(response.status)" : String(problem.prefix(10_000)))
        }
        return response.body
    }

    /// - Parameter query: names and values; those whose value is nil are left out.
    /// - Returns: the answer of a 2xx response.
    func call<Answer>(
        _ endpoint: Endpoint<NoBody, Answer>, _ query: [(name: String, value: String?)] = [], deadline: Duration = .seconds(120)
    ) async throws(Unreachable) -> Answer {
        try decoded(await send(.get, endpoint.route.path + Query.text(query), deadline: deadline))
    }

    /// - Returns: the answer of a 2xx response.
    func call<Body: Encodable, Answer>(
        _ endpoint: Endpoint<Body, Answer>, _ body: Body, deadline: Duration = .seconds(120)
    ) async throws(Unreachable) -> Answer {
        guard let bytes = try? JSONText.encode(body) else { throw .refused("cannot encode the request as JSON") }
        return try decoded(await send(.post, endpoint.route.path, body: bytes, deadline: deadline))
    }

    func decoded<Answer: Decodable>(_ bytes: [UInt8]) throws(Unreachable) -> Answer {
        guard let answer = try? JSONText.decode(Answer.self, from: bytes) else {
            throw .refused("unexpected response from \(target): is it an agent of the same version?")
        }
        return answer
    }

    private func explained(_ failure: ExchangeFailure) -> Unreachable {
        guard failure.phase == .connect || failure.phase == .resolve else { return .refused("\(target): \(failure.sentence)") }
        guard access(target, F_OK) == 0 || errno != EACCES, access(target, R_OK | W_OK) == 0 || errno != EACCES else {
            return .refused(
                "permission denied on the control socket \(target): run as \(owner), or set 'controlSocket.group' to a group of this user")
        }
        return .noAgent
    }

    /// The owner of the socket, or of its nearest parent directory that can be inspected.
    private var owner: String {
        var path = target
        while true {
            let attributes = try? FileManager.default.attributesOfItem(atPath: path)
            if let name = attributes?[.ownerAccountName] as? String { return name }
            guard let slash = path.lastIndex(of: "/"), slash > path.startIndex else { return "its owner" }
            path = String(path[..<slash])
        }
    }
}
