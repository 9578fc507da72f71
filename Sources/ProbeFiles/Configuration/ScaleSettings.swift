import Monitoring
import Probing

/// Reads the keys of `agent.yaml` for sites with several agents: `vantage`, `responderLock` and `shard`.
struct ScaleSettings {
    /// Resolves a relative path against the directory of the configuration file.
    let resolved: (String) -> String

    func read(_ reader: SettingsReader, into configuration: inout AgentConfiguration) {
        configuration.daemon.vantage = reader.line("vantage").flatMap { $0.isEmpty ? nil : $0 }
        configuration.daemon.responderLock = reader.string("responderLock").flatMap { $0.isEmpty ? nil : resolved($0) }
        configuration.shard = reader.mapping("shard").flatMap(shard)
    }

    private func shard(_ reader: SettingsReader) -> Shard? {
        _ = reader.required("index", what: "'shard'")
        _ = reader.required("of", what: "'shard'")
        let index = reader.integer("index", in: 0...9999)
        let count = reader.integer("of", in: 1...10_000)
        reader.finish()
        guard let index, let count else { return nil }
        guard index < count else {
            reader.error("'index' must be less than 'of' (\(count)): the first shard is 0", at: reader.location(of: "index"))
            return nil
        }
        return Shard(index: index, of: count)
    }
}
