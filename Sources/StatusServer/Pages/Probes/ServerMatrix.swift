import Addresses
import Monitoring
import Probing

/// The probes of the servers at a glance: a line for each probe, a column for each server.
struct ServerMatrix: Sendable {
    struct Line: Sendable {
        let lineName: String
        let lineSet: String
        let cells: [Cell]
    }

    struct Cell: Sendable {
        /// Nil where the probe is not defined on the server.
        let cellState: String?
        let cellLabel: String
        let href: String
    }

    /// Wider ones are hard to read; the list of probes says the same.
    private static let columnLimit = 12

    let columns: [String]
    let lines: [Line]

    /// Nil for a single server, too many of them, or none.
    init?(_ snapshot: Snapshot) {
        let servers = snapshot.servers.map(\.name)
        guard (2...Self.columnLimit).contains(servers.count) else { return nil }
        let probes = snapshot.probes.filter { !$0.key.server.isEmpty }
        guard !probes.isEmpty else { return nil }
        let names = Dictionary(grouping: servers, by: Self.short)
        columns = servers.map { names[Self.short($0)]?.count == 1 ? Self.short($0) : $0 }
        let groups = Dictionary(grouping: probes) { $0.key.identity }
        lines = groups.map { identity, probes -> (worst: Standing, identity: ProbeIdentity, line: Line) in
            let byServer = Dictionary(probes.map { ($0.key.server, $0) }) { first, _ in first }
            let cells = servers.map { Self.cell(byServer[$0]) }
            let worst = probes.map { Standing($0.latest) }.min() ?? .passing
            return (worst, identity, Line(lineName: identity.name, lineSet: identity.healthSet, cells: cells))
        }
        .sorted { ($0.worst, $0.identity) < ($1.worst, $1.identity) }.map(\.line)
    }

    /// `mbx01` of `mbx01.fabrikam.com`; an address as it is.
    static func short(_ server: String) -> String {
        NetworkAddress(server) == nil ? server.split(separator: ".").first.map(String.init) ?? server : server
    }

    private static func cell(_ probe: ProbeState?) -> Cell {
        guard let probe else { return Cell(cellState: nil, cellLabel: "", href: "") }
        let standing = Standing(probe.latest)
        let why = probe.latest?.decisive.map { ": " + ProbeWords.words($0.reason) } ?? ""
        return Cell(
            cellState: standing.rawValue, cellLabel: "\(probe.key.identity.name) on \(probe.key.server): \(standing.label)\(why)",
            href: ProbeWords.path(probe.key))
    }
}
