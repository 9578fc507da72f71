import FoundationEssentials
import Glibc
import HealthManager
import Transfers

/// Speaks to the running agent over its control socket, or a URL.
struct ControlClient {
    enum Unreachable: Error {
        /// Nobody listens: no agent runs.
        case noAgent
        /// One sentence.
        case refused(String)
    }

    let transfers: Transfers
    /// A socket's path, or an http URL.
    let target: String

    private struct Problem: Decodable { var error: String }

    /// - Returns: the body of a 2xx answer.
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
        guard let response = report.response else { throw .refused("no answer from \(target)") }
        guard (200..<300).contains(response.status) else {
            let text = String(decoding: response.body, as: UTF8.self)
            // A document says one sentence, which may quote what was asked for; other answers are lines.
            let sentence = (try? JSONText.decode(Problem.self, from: response.body))?.error
            let problem = sentence.map { PrintableText.line($0) } ?? text
            throw .refused(problem.isEmpty ? "the agent answered with status \(response.status)" : String(problem.prefix(10_000)))
        }
        return response.body
    }

    /// - Returns: the document that a 2xx answer bears.
    func document<Document: Decodable>(
        _ type: Document.Type, _ method: ExchangeRequest.Method, _ path: String, _ order: (any Encodable)? = nil,
        deadline: Duration = .seconds(120)
    ) async throws(Unreachable) -> Document {
        let body = try order.map { order throws(Unreachable) in
            guard let bytes = try? JSONText.encode(order) else { throw .refused("the order can't be written as JSON") }
            return bytes
        }
        let bytes = try await send(method, path, body: body, deadline: deadline)
        guard let document = try? JSONText.decode(type, from: bytes) else {
            throw .refused("\(target) answered with something else: is it an agent of this version?")
        }
        return document
    }

    private func explained(_ failure: ExchangeFailure) -> Unreachable {
        guard failure.phase == .connect || failure.phase == .resolve else { return .refused("\(target): \(failure.sentence)") }
        guard access(target, F_OK) == 0 || errno != EACCES, access(target, R_OK | W_OK) == 0 || errno != EACCES else {
            return .refused(
                "the control socket \(target) is not for this user: run as \(owner), or set 'controlSocket.group' for a group you are in")
        }
        return .noAgent
    }

    /// The owner of the socket, or of the nearest directory above it that can be looked at.
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
