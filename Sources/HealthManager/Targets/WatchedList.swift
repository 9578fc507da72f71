import Addresses
import Probing

/// The known targets of one definition, by source.
struct WatchedList: Sendable {
    /// One file, or one response.
    struct Part: Sendable {
        var place: String
        var stamp: ListStamp?
        var targets: [String] = []
        var problem: String?

        init(place: String) { self.place = place }

        /// - Parameter limit: the most targets that are taken.
        func after(_ reading: ListReading, limit: Int) -> Part {
            // Unchanged, so its problem is unchanged too.
            guard case .targets(let listed, let stamp, let leftOut) = reading else { return self }
            guard listed.count <= limit else {
                return after(ListUnreadable("\(place) lists \(listed.count) targets, the maximum is \(limit)", at: stamp))
            }
            var newer = self
            newer.problem = leftOut
            newer.targets = listed
            newer.stamp = stamp
            return newer
        }

        /// Keeps the last valid targets. The list is read again when its stamp changes, even if it changes back to that of the valid state.
        func after(_ error: ListUnreadable) -> Part {
            var newer = self
            newer.stamp = error.stamp
            newer.problem = error.description
            return newer
        }
    }

    struct SourceState: Sendable {
        /// Sorted by path.
        var parts: [Part] = []
        var problem: String?

        var firstProblem: String? { problem ?? parts.lazy.compactMap(\.problem).first }
    }

    let definition: ProbeDefinition
    let list: TargetList
    /// Sources that have not been read yet are absent.
    var sources: [TargetList.Source: SourceState] = [:]
    /// By name; empty for a name that has never resolved, absent for one that has not been looked up.
    private var addresses: [String: [NetworkAddress]] = [:]
    private var addressProblem: String?
    /// Whether the first refresh since the plan was adopted has not completed.
    var isPending: Bool
    private(set) var entries: [TargetEntry] = []
    private var leftOut = 0
    private let shard: Shard?
    private let limit: Int

    /// - Parameters:
    ///   - shard: the part of the targets to probe; nil for all of them.
    ///   - limit: the most targets that the definition may have.
    init(_ definition: ProbeDefinition, _ list: TargetList, shard: Shard?, limit: Int, after older: WatchedList?) {
        self.shard = shard
        self.limit = limit
        self.definition = definition
        self.list = list
        isPending = list.needsNetwork
        if let older {
            sources = older.sources.filter { list.sources.contains($0.key) }
            if list.everyAddress {
                addresses = older.addresses
                addressProblem = older.addressProblem
            }
        }
        settle()
    }

    /// All targets of the shard as written, without duplicates.
    private var texts: [String] {
        var seen: Set<ExactText> = []
        let listed = list.sources.lazy.flatMap { sources[$0]?.parts ?? [] }.flatMap(\.targets)
        return (list.inline + listed).filter { (shard?.holds($0) ?? true) && seen.insert(ExactText($0)).inserted }
    }

    /// The host names to look up, without duplicates and addresses.
    var names: Set<String> { Set(texts.compactMap(Self.name)) }

    private static func name(in text: String) -> String? {
        let host = Target.host(in: text)
        return host.isEmpty || NetworkAddress(host) != nil ? nil : host
    }

    mutating func resolved(_ found: [String: [NetworkAddress]]) {
        let silent = found.filter { $0.value.isEmpty }.map(\.key).sorted()
        addressProblem = silent.first.map { first in
            silent.count == 1
                ? "the name '\(first)' does not resolve" : "\(silent.count) of \(found.count) names do not resolve, for example '\(first)'"
        }
        let older = addresses
        addresses = found.reduce(into: [:]) { kept, new in
            kept[new.key] = new.value.isEmpty ? older[new.key] ?? [] : new.value.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
        }
    }

    /// Recomputes the entries from what is known now.
    mutating func settle() {
        let texts = texts
        let targets = zip(texts, URLRedaction.distinct(texts) { URLRedaction.target($0, mask: $1) }).map { TargetEntry($0, name: $1) }
        let all = list.everyAddress ? targets.flatMap(everyAddress) : targets
        leftOut = max(0, all.count - limit)
        entries = leftOut == 0 ? all : Array(all.prefix(limit))
    }

    private func everyAddress(of target: TargetEntry) -> [TargetEntry] {
        guard let name = Self.name(in: target.text) else { return [target] }
        guard let known = addresses[name] else { return [] }
        return known.isEmpty ? [target] : known.map { TargetEntry(target.text, name: target.name, address: $0) }
    }

    var facts: [TargetListFact] {
        var facts = list.sources.compactMap { source in
            sources[source].map { TargetListFact(definition: definition.identity, source: source.text, problem: $0.firstProblem) }
        }
        if list.everyAddress, !isPending || addressProblem != nil {
            facts.append(TargetListFact(definition: definition.identity, source: TargetListFact.addresses, problem: addressProblem))
        }
        if leftOut > 0 {
            let problem = "\(leftOut) targets are ignored, the maximum is \(limit)"
            facts.append(TargetListFact(definition: definition.identity, source: TargetListFact.together, problem: problem))
        }
        return facts
    }
}
