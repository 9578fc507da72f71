import Addresses
import FoundationEssentials
import Probing

/// Reads the targets of a definition: `targets`, `targetsFrom` and `everyAddress`.
struct TargetSettings {
    static let keys = ["targets", "targetsFrom", "everyAddress"]
    private static let endings = [".json", ".yaml", ".yml"]

    private(set) var list = TargetList([])

    init(_ reader: SettingsReader, kind: any ProbeKind) {
        for key in ["scope", "role"] where reader.has(key) {
            _ = reader.setting(key)
            reader.error(
                "'\(key)' is not allowed for kind '\(kind.name)', which probes targets: remove it and use 'targets'",
                at: reader.location(of: key))
        }
        list.inline = Self.targets(reader, kind)
        if let from = reader.mapping("targetsFrom") { readSources(from) }
        list.everyAddress = reader.bool("everyAddress") ?? false
        if !reader.has("targets"), !reader.has("targetsFrom") {
            reader.error(
                "kind '\(kind.name)' needs 'targets' or 'targetsFrom' ('targets: []' for none)",
                at: reader.location)
        }
    }

    private static func targets(_ reader: SettingsReader, _ kind: any ProbeKind) -> [String] {
        var seen: Set<ExactText> = []
        return texts(reader, "targets").compactMap { text, location in
            if let fault = TargetSyntax.problem(text) {
                reader.error("a target \(fault): write each target as a separate string", at: location)
                return nil
            }
            if let expected = kind.expected(insteadOf: text) {
                reader.warning("a target of kind '\(kind.name)' must be \(expected), found '\(URLRedaction.target(text))'", at: location)
            }
            return seen.insert(ExactText(text)).inserted ? text : nil
        }
    }

    private mutating func readSources(_ reader: SettingsReader) {
        for (text, location) in Self.texts(reader, "files") {
            guard Self.endings.contains(where: text.hasSuffix) else {
                reader.error("'files' must be patterns ending in .json, .yaml or .yml, found '\(EndpointURL(text))'", at: location)
                continue
            }
            add(TargetList.Source(.files, text: text, place: Self.pattern(text, in: location.path)))
        }
        let urls = Self.texts(reader, "urls")
        let names = URLRedaction.distinct(urls.map(\.text)) { URLRedaction.endpoint($0, mask: $1) }
        for ((text, location), name) in zip(urls, names) {
            if let fault = Self.fault(url: text) {
                reader.error("'urls' must be http or https URLs\(fault), found '\(EndpointURL(text))'", at: location)
            } else {
                add(TargetList.Source(.url, text: name, place: text))
            }
        }
        if !reader.has("files"), !reader.has("urls") {
            reader.error("'targetsFrom' needs 'files' or 'urls'", at: reader.location)
        }
        if let refresh = reader.duration("refresh") {
            list.refresh = refresh
            if refresh < TargetList.shortestRefresh { reader.error("'refresh' must be at least 1s", at: reader.location(of: "refresh")) }
        }
        reader.finish()
    }

    private mutating func add(_ source: TargetList.Source) {
        if !list.sources.contains(source) { list.sources.append(source) }
    }

    /// Resolves a relative pattern against the directory of the definition file.
    private static func pattern(_ text: String, in file: String) -> String {
        guard !text.hasPrefix("/"), let slash = file.lastIndex(of: "/") else { return text }
        return TargetListFile.pattern(below: String(file[...slash]), text)
    }

    /// A clause on what is wrong with a URL, possibly empty; nil if it is valid.
    private static func fault(url text: String) -> String? {
        let lower = text.lowercased()
        guard let scheme = ["http://", "https://"].first(where: lower.hasPrefix), TargetSyntax.problem(text) == nil else { return "" }
        let authority = text.dropFirst(scheme.count).prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        if authority.isEmpty { return "" }
        return authority.contains("@") ? " without user and password" : nil
    }

    /// The strings of a list, or a single string, with their locations.
    private static func texts(_ reader: SettingsReader, _ key: String) -> [(text: String, location: SourceLocation)] {
        guard let setting = reader.setting(key) else { return [] }
        if case .scalar(let text, _) = setting.value { return [(text, setting.location)] }
        return (reader.settings(key) ?? []).compactMap { item in
            if case .scalar(let text, _) = item.value, !item.isNull { return (text, item.location) }
            reader.error("'\(key)' must be a list of strings, found \(item.shape) in it", at: item.location)
            return nil
        }
    }
}
