package import Probing

/// How many of the runs of one probe that could judge succeeded, within windows before a moment.
package struct UptimeShares: Sendable {
    /// Of the last 24 hours, 7 and 30 days, in seconds.
    package static let windows: [Double] = [86400, 7 * 86400, 30 * 86400]

    /// For each window; `judged` is 0 where there was no run.
    package var counts: [(judged: Int, succeeded: Int)]

    package init(counts: [(judged: Int, succeeded: Int)]) { self.counts = counts }

    /// As the key of a dictionary: the identity and the server of a probe. Addresses of one target are counted together.
    package static func name(_ key: ProbeKey) -> String { name(key.identity.description, key.server) }
    package static func name(_ identity: String, _ server: String) -> String { identity + "\n" + server }
}
