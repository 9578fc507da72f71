import Documents
import Probing

/// The groups of one target list in Prometheus's format. An empty document has no targets; an invalid target is ignored individually.
struct TargetGroups {
    private(set) var targets: [String] = []
    private var faults: [String] = []

    private static let values = 10 * TargetList.limit
    private static let expected = "expected a list of groups, each with 'targets' and optional 'labels'"

    /// A sentence on the invalid targets, which are ignored; nil if there are none.
    var leftOut: String? {
        faults.first.map { first in
            faults.count == 1 ? "\(first): ignored" : "\(first): ignored, and \(faults.count - 1) more"
        }
    }

    // MARK: YAML

    init(yaml bytes: [UInt8], _ path: String) throws(ConfigurationRefused) {
        var file = YAMLFile(path: path)
        file.bounds.values = Self.values
        guard let setting = try file.document(file.text(bytes)) else { return }
        let notes = SettingsReader.Notes()
        guard case .list(let groups) = setting.value else {
            throw Self.refused("\(Self.expected), found \(setting.shape)", setting.location)
        }
        for group in groups {
            guard !group.isNull else { throw Self.refused("a group of targets must be a mapping", group.location) }
            let reader = SettingsReader(group, what: "a group of targets", notes: notes)
            for item in reader.settings("targets") ?? [] {
                if case .scalar(let text, _) = item.value, !item.isNull {
                    add(text, "\(item.location)")
                } else {
                    faults.append("\(item.location): a target must be a string, found \(item.shape)")
                }
            }
            _ = reader.texts("labels")
            reader.finish()
        }
        guard !notes.hasErrors else { throw ConfigurationRefused(notes.diagnostics) }
    }

    // MARK: JSON

    init(json bytes: [UInt8], _ origin: String) throws(ConfigurationRefused) {
        let place = SourceLocation(path: origin)
        let tree: JSONTree
        do throws(JSONFault) { tree = try JSONTree(bytes, within: JSONBounds(values: Self.values)) } catch {
            guard case .malformed(let line, let column) = error else { throw Self.refused("\(error)", place) }
            throw Self.refused("invalid JSON", SourceLocation(path: origin, line: line, column: column))
        }
        if tree.isNull { return }
        guard let groups = tree.elements else { throw Self.refused(Self.expected, place) }
        for (index, group) in groups.enumerated() {
            guard case .object(let members) = group else { throw Self.refused("[\(index)]: a group of targets must be a mapping", place) }
            for member in members where !["targets", "labels"].contains(member.name.lowercased()) {
                throw Self.refused("[\(index)]: unknown key '\(member.name)'; known keys: labels, targets", place)
            }
            try add(json: group["targets"], "[\(index)].targets", origin)
            try Self.check(labels: group["labels"], "[\(index)].labels", place)
        }
    }

    private mutating func add(json targets: JSONTree?, _ path: String, _ origin: String) throws(ConfigurationRefused) {
        guard let targets, !targets.isNull else { return }
        guard let items = targets.elements else {
            throw Self.refused("\(path): 'targets' must be a list of strings", SourceLocation(path: origin))
        }
        for (index, item) in items.enumerated() {
            let place = "\(origin): \(path)[\(index)]"
            if let text = item.text { add(text, place) } else { faults.append("\(place): a target must be a string") }
        }
    }

    private static func check(labels: JSONTree?, _ path: String, _ place: SourceLocation) throws(ConfigurationRefused) {
        guard let labels, !labels.isNull else { return }
        guard case .object(let members) = labels, members.allSatisfy({ $0.value.text != nil || $0.value.isNull }) else {
            throw refused("\(path): 'labels' must be a mapping of strings", place)
        }
    }

    private mutating func add(_ text: String, _ place: @autoclosure () -> String) {
        if let fault = TargetSyntax.problem(text) { faults.append("\(place()): a target \(fault)") } else { targets.append(text) }
    }

    private static func refused(_ sentence: String, _ place: SourceLocation) -> ConfigurationRefused {
        ConfigurationRefused([Diagnostic(.error, at: place, sentence)])
    }
}
