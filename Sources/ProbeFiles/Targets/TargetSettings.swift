import Addresses
import FoundationEssentials
import HealthManager

/// What a definition of a target kind says of its targets: `targets targetsFrom everyAddress`.
struct TargetSettings {
    static let keys = ["targets", "targetsFrom", "everyAddress"]
    private static let endings = [".json", ".yaml", ".yml"]

    private(set) var list = TargetList([])

    init(_ reader: SettingsReader, kind: String) {
        for key in ["scope", "role"] where reader.has(key) {
            _ = reader.setting(key)
            reader.error(
                "'\(key)' has no meaning with kind '\(kind)', which is aimed at targets: remove it, and name them in 'targets'",
                at: reader.location(of: key))
        }
        list.inline = Self.targets(reader)
        if let from = reader.mapping("targetsFrom") { readSources(from) }
        list.everyAddress = reader.bool("everyAddress") ?? false
        if !reader.has("targets"), !reader.has("targetsFrom") {
            reader.error(
                "kind '\(kind)' needs 'targets' or 'targetsFrom': name what to probe ('targets: []' where that is nothing yet)",
                at: reader.location)
        }
    }

    private static func targets(_ reader: SettingsReader) -> [String] {
        var seen: Set<String> = []
        return texts(reader, "targets").compactMap { text, location in
            if let fault = TargetText.fault(text) {
                reader.error("a target \(fault): write one text for each target", at: location)
                return nil
            }
            return seen.insert(text).inserted ? text : nil
        }
    }

    private mutating func readSources(_ reader: SettingsReader) {
        for (text, location) in Self.texts(reader, "files") {
            guard Self.endings.contains(where: text.hasSuffix) else {
                reader.error("'files' are patterns that end in .json, .yaml or .yml, found '\(EndpointURL(text))'", at: location)
                continue
            }
            add(TargetList.Source(.files, text: text, place: Self.pattern(text, in: location.path)))
        }
        let urls = Self.texts(reader, "urls")
        let names = URLRedaction.distinct(urls.map(\.text)) { URLRedaction.endpoint($0, mask: $1) }
        for ((text, location), name) in zip(urls, names) {
            if let fault = Self.fault(url: text) {
                reader.error("'urls' are http or https URLs\(fault), found '\(EndpointURL(text))'", at: location)
            } else {
                add(TargetList.Source(.url, text: name, place: text))
            }
        }
        if !reader.has("files"), !reader.has("urls") {
            reader.error("'targetsFrom' needs 'files' or 'urls': say where the targets are listed", at: reader.location)
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

    /// A relative one is meant from the folder of the definition's file.
    private static func pattern(_ text: String, in file: String) -> String {
        guard !text.hasPrefix("/"), let slash = file.lastIndex(of: "/") else { return text }
        return TargetListFile.pattern(below: String(file[...slash]), text)
    }

    private static func fault(url text: String) -> String? {
        let lower = text.lowercased()
        guard let scheme = ["http://", "https://"].first(where: lower.hasPrefix), TargetText.fault(text) == nil else { return "" }
        let authority = text.dropFirst(scheme.count).prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        if authority.isEmpty { return "" }
        return authority.contains("@") ? " without user and password" : nil
    }

    /// A list of texts, or one text, each with its place.
    private static func texts(_ reader: SettingsReader, _ key: String) -> [(text: String, location: SourceLocation)] {
        guard let setting = reader.setting(key) else { return [] }
        if case .scalar(let text, _) = setting.value { return [(text, setting.location)] }
        return (reader.settings(key) ?? []).compactMap { item in
            if case .scalar(let text, _) = item.value, !item.isNull { return (text, item.location) }
            reader.error("'\(key)' must be a list of texts, found \(item.shape) in it", at: item.location)
            return nil
        }
    }
}
