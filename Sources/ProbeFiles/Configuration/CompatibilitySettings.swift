import Monitoring
import Probing

/// Reads `compatibility` of `agent.yaml`: the exporters under whose metric names certificates are exposed too.
enum CompatibilitySettings {
    static func read(_ reader: SettingsReader) -> Set<Compatibility> {
        let names = Compatibility.allCases.map(\.rawValue)
        return Set(
            (reader.strings("compatibility") ?? []).compactMap { text in
                if let known = Compatibility(rawValue: text) { return known }
                let near =
                    NearestName.among(names, to: text).map { ", did you mean '\($0)'?" } ?? "; known: \(names.joined(separator: ", "))"
                reader.error("'compatibility' contains '\(text)'\(near)", at: reader.location(of: "compatibility"))
                return nil
            })
    }
}
