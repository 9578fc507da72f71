import Addresses

/// What is known of one definition's targets, source by source.
struct WatchedList: Sendable {
    /// One file, or one answer.
    struct Part: Sendable {
        var place: String
        var stamp: ListStamp?
        var targets: [String] = []
        var problem: String?

        init(place: String) { self.place = place }

        func after(_ reading: ListReading) -> Part {
            // What was wrong with it still is.
            guard case .targets(let listed, let stamp, let leftOut) = reading else { return self }
            guard listed.count <= TargetList.limit else {
                return after(ListUnreadable("\(place) lists \(listed.count) targets, at most \(TargetList.limit) are taken", at: stamp))
            }
            var newer = self
            newer.problem = leftOut
            newer.targets = listed
            newer.stamp = stamp
            return newer
        }

        /// What was good stays. What could not be read is read again once it looks otherwise, also where it looks as it did when it was good.
        func after(_ error: ListUnreadable) -> Part {
            var newer = self
            newer.stamp = error.stamp
            newer.problem = error.description
            return newer
        }
    }

    struct SourceState: Sendable {
        /// In the order of their paths.
        var parts: [Part] = []
        var problem: String?

        var firstProblem: String? { problem ?? parts.lazy.compactMap(\.problem).first }
    }

    let definition: ProbeDefinition
    let list: TargetList
    /// Sources never looked at are absent.
    var sources: [TargetList.Source: SourceState] = [:]
    /// By name; empty for one that has never resolved, absent for one that was never looked up.
    private var addresses: [String: [NetworkAddress]] = [:]
    private var addressProblem: String?
    /// The first look since the plan was adopted is still to come back.
    var isPending: Bool
    private(set) var entries: [TargetEntry] = []
    private var leftOut = 0

    init(_ definition: ProbeDefinition, _ list: TargetList, after older: WatchedList?) {
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

    /// Every target's text, each once.
    private var texts: [String] {
        var seen: Set<String> = []
        let listed = list.sources.lazy.flatMap { sources[$0]?.parts ?? [] }.flatMap(\.targets)
        return list.inline.filter { seen.insert($0).inserted } + listed.filter { seen.insert($0).inserted }
    }

    /// The names to be looked up, each once; addresses are none.
    var names: Set<String> { Set(texts.compactMap(Self.name)) }

    private static func name(in text: String) -> String? {
        let host = Target.host(in: text)
        return host.isEmpty || NetworkAddress(host) != nil ? nil : host
    }

    mutating func resolved(_ found: [String: [NetworkAddress]]) {
        let silent = found.filter { $0.value.isEmpty }.map(\.key).sorted()
        addressProblem = silent.first.map { first in
            silent.count == 1
                ? "the name '\(first)' does not resolve" : "\(silent.count) of \(found.count) names do not resolve, '\(first)' for one"
        }
        let older = addresses
        addresses = found.reduce(into: [:]) { kept, new in
            kept[new.key] = new.value.isEmpty ? older[new.key] ?? [] : new.value.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
        }
    }

    /// Makes the entries of what is known now.
    mutating func settle() {
        let texts = texts
        let targets = zip(texts, URLRedaction.distinct(texts) { URLRedaction.target($0, mask: $1) }).map { TargetEntry($0, name: $1) }
        let all = list.everyAddress ? targets.flatMap(everyAddress) : targets
        leftOut = max(0, all.count - TargetList.limit)
        entries = leftOut == 0 ? all : Array(all.prefix(TargetList.limit))
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
            let problem = "\(leftOut) targets are left out, at most \(TargetList.limit) are taken"
            facts.append(TargetListFact(definition: definition.identity, source: TargetListFact.together, problem: problem))
        }
        return facts
    }
}
