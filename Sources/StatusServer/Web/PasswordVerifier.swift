import CLinux
import Certificates
import Concurrency
import Synchronization

/// Compares passwords with bcrypt hashes, one at a time on a thread of its own, and remembers the last answers.
///
/// An answer is remembered for one user, hash and password together, as a digest: knowing a hash is of no use, and another user's password
/// cannot be asked of.
actor PasswordVerifier {
    enum Answer: Sendable { case right, wrong, busy }

    private static let mostWaiting = 64
    /// Of one address: nobody's guesses keep others from logging in.
    private static let mostWaitingOfAddress = 4
    private static let mostKept = 256
    /// Salt and digest of a password that nobody knows, for users that do not exist: their answer takes as long as another.
    private static let nobody = "vYkilDFUuxJE7NKFYXtznOeu8jpjoU.1WBgS4arrHGRl.RPZaxeJ."

    private struct Known {
        var right: [[UInt8]] = []
        var wrong: [[UInt8]] = []
    }

    private let executor = ThreadExecutor("passwords")
    nonisolated private let known = Mutex(Known())
    /// How many wait, by address.
    nonisolated private let waiting = Mutex<[String: Int]>([:])

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// - Parameters:
    ///   - users: the hash of each user's password.
    ///   - address: of the client.
    nonisolated func verify(
        _ password: String, of user: String, among users: [String: String], from address: String = ""
    ) async -> Answer {
        let hash = users[user]
        let key = Self.key([user, hash ?? "", password])
        if let answer = known.withLock({ $0.right.contains(key) ? true : $0.wrong.contains(key) ? false : nil }) {
            return answer ? .right : .wrong
        }
        guard enter(address) else { return .busy }
        // The two digits after `$2y$`.
        let cost = users.values.map { $0.dropFirst(4).prefix(2) }.max() ?? "10"
        let matches = await compare(password, hash ?? "$2y$\(cost)$\(Self.nobody)")
        leave(address)
        guard let matches else { return .busy }
        let isRight = matches && hash != nil
        known.withLock { known in
            let list: WritableKeyPath<Known, [[UInt8]]> = isRight ? \.right : \.wrong
            if known[keyPath: list].count >= Self.mostKept { known[keyPath: list].removeFirst() }
            known[keyPath: list].append(key)
        }
        return isRight ? .right : .wrong
    }

    nonisolated private func enter(_ address: String) -> Bool {
        waiting.withLock { waiting in
            let isFull = waiting[address, default: 0] >= Self.mostWaitingOfAddress || waiting.values.reduce(0, +) >= Self.mostWaiting
            if !isFull { waiting[address, default: 0] += 1 }
            return !isFull
        }
    }

    nonisolated private func leave(_ address: String) {
        waiting.withLock { waiting in
            let left = (waiting[address] ?? 1) - 1
            waiting[address] = left == 0 ? nil : left
        }
    }

    /// - Returns: nil without memory.
    private func compare(_ password: String, _ hash: String) -> Bool? {
        // bcrypt would take what comes before a zero byte for the whole.
        if password.utf8.contains(0) { return false }
        let answer = agent_password_matches(password, hash)
        return answer < 0 ? nil : answer == 1
    }

    /// Lengths keep the parts apart.
    private static func key(_ parts: [String]) -> [UInt8] {
        Digest.sha256.of(parts.flatMap { part in Array("\(part.utf8.count):".utf8) + Array(part.utf8) })
    }
}
