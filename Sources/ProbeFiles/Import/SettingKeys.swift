import Probing

/// The keys of a mapping that another program reads, each of which is taken once.
struct SettingKeys {
    private(set) var left: [Setting.Entry]

    init(_ setting: Setting) { left = setting.written }

    mutating func entry(_ key: String) -> Setting.Entry? {
        left.firstIndex { $0.key == key }.map { left.remove(at: $0) }
    }

    mutating func take(_ key: String) -> Setting? { entry(key)?.value }
    mutating func text(_ key: String) -> String? { take(key)?.text }

    /// Says of each key that is left that it was not carried over.
    func left(_ place: String, _ clause: String) -> [Diagnostic] {
        left.map { Diagnostic(.warning, at: $0.keyLocation, "\(place)'\($0.key)' \(clause)") }
    }
}

extension Setting {
    /// The entries of a mapping; empty for any other value.
    var written: [Entry] { if case .mapping(let entries) = value { entries } else { [] } }
    /// The elements of a list, or the value itself; empty for null.
    var items: [Setting] { if case .list(let items) = value { items } else { isNull ? [] : [self] } }
    var text: String? { if case .scalar(let text, _) = value, !isNull { text } else { nil } }
}
