import Addresses
import FoundationEssentials
import Monitoring
import Probing

/// Reads `responders` and `history` of `agent.yaml`.
struct ResponderSettings {
    let notes: SettingsReader.Notes
    /// Nil if not all definitions could be read; names of monitors are then not checked.
    let definitions: [ProbeDefinition]?

    func history(_ reader: SettingsReader?) -> HistorySettings {
        var history = HistorySettings()
        guard let reader else { return history }
        history.keepFor = reader.duration("keepFor") ?? history.keepFor
        history.maximumBytes = reader.integer("maximumBytes", in: 1 << 20...1 << 40) ?? history.maximumBytes
        reader.finish()
        return history
    }

    func responders(_ reader: SettingsReader) -> [Responder] {
        var known: [String: SourceLocation] = [:]
        return (reader.settings("responders") ?? []).compactMap { setting in
            let reader = SettingsReader(setting, what: "a responder", notes: notes)
            let responder = responder(reader)
            reader.finish()
            guard let responder else { return nil }
            if let earlier = known.updateValue(reader.location(of: "name"), forKey: responder.name.lowercased()) {
                reader.error(
                    "duplicate responder '\(responder.name)', first defined in line \(earlier.line ?? 0)", at: reader.location(of: "name"))
            }
            return responder
        }
    }

    private func responder(_ reader: SettingsReader) -> Responder? {
        let name = reader.required("name", what: "a responder")
        let action = action(reader)
        let written = reader.strings("on")
        if written?.isEmpty == true { reader.error("'on' is empty: this responder would never act", at: reader.location(of: "on")) }
        let triggers = written?.compactMap { text in
            if let trigger = Responder.Trigger(rawValue: text.lowercased()) { return trigger }
            let list = Responder.Trigger.allCases.map(\.rawValue).joined(separator: ", ")
            reader.error("'on' must contain only \(list), found '\(text)'", at: reader.location(of: "on"))
            return nil
        }
        let monitors = monitors(reader)
        let timeout = reader.duration("timeout")
        let enabled = reader.bool("enabled") ?? true
        let throttle = reader.mapping("throttle")
        guard let name, let action else { return nil }
        var responder = Responder(name: name, action: action)
        responder.triggers = triggers.map(Set.init) ?? responder.triggers
        responder.monitors = monitors
        responder.timeout = timeout ?? responder.timeout
        responder.isEnabled = enabled
        if case .webhook = action { (responder.perServer, responder.acrossServers) = (.telling, .telling) }
        responder.perServer = limits(throttle?.mapping("perServer"), responder.perServer)
        responder.acrossServers = limits(throttle?.mapping("acrossServers"), responder.acrossServers)
        throttle?.finish()
        return responder
    }

    /// Reads `monitors` and warns of names that match no monitor and no health set.
    private func monitors(_ reader: SettingsReader) -> [String] {
        let monitors = reader.strings("monitors") ?? []
        guard let definitions, let setting = reader.setting("monitors") else { return monitors }
        let written = if case .list(let items) = setting.value { items } else { [setting] }
        for case (let location, .scalar(let text, _)) in written.map({ ($0.location, $0.value) })
        where !definitions.contains(where: { Responder.isMeant($0, by: text) }) {
            let sets = Set(definitions.map(\.identity.healthSet)).sorted()
            let names =
                sets
                + definitions.flatMap { definition in
                    definition.monitors.flatMap { [$0.name, definition.identity.healthSet + "/" + $0.name] }
                }
            let remedy =
                NearestName.among(names, to: text).map { ", did you mean '\($0)'?" }
                ?? "; known health sets: \(sets.isEmpty ? "none" : sets.joined(separator: ", "))"
            reader.warning("'monitors': unknown monitor or health set '\(text)'\(remedy)", at: location)
        }
        return monitors
    }

    private func action(_ reader: SettingsReader) -> Responder.Action? {
        let command = reader.strings("command")
        let webhook = reader.mapping("webhook")
        switch (command, webhook) {
        case (let words?, nil):
            guard let program = words.first, program.hasPrefix("/") else {
                reader.error(
                    "'command' must be a list of the absolute path of a program and its arguments; no shell is used",
                    at: reader.location(of: "command"))
                return nil
            }
            if !FileManager.default.isExecutableFile(atPath: program) {
                reader.warning("'command': \(program) is not an executable file", at: reader.location(of: "command"))
            }
            for name in words.flatMap(Self.placeholders) where !Self.fields.contains(name) {
                let known = Self.fields.map { "{\($0)}" }.joined(separator: " ")
                reader.error(
                    "'command': unknown placeholder '{\(name)}'; known placeholders: \(known)", at: reader.location(of: "command"))
            }
            return .command(words)
        case (nil, let webhook?):
            defer { webhook.finish() }
            let file = webhook.path("authorizationFile")
            if let file, !FileManager.default.fileExists(atPath: file) {
                webhook.error("'authorizationFile': file \(file) does not exist", at: webhook.location(of: "authorizationFile"))
            }
            guard let text = webhook.required("url", what: "'webhook'") else { return nil }
            let url = EndpointURL(text)
            if Self.isURL(text) { return .webhook(url: url, authorizationFile: file) }
            webhook.error("'url' must begin with http:// or https://, found '\(url)'", at: webhook.location(of: "url"))
            return nil
        default:
            reader.error("a responder needs one of 'command' and 'webhook'", at: reader.location)
            return nil
        }
    }

    private func limits(_ reader: SettingsReader?, _ defaults: ThrottleLimits) -> ThrottleLimits {
        var limits = defaults
        guard let reader else { return limits }
        limits.minimumBetween = reader.duration("minimumBetween", allowZero: true) ?? limits.minimumBetween
        limits.perHour = reader.integer("perHour", in: 1...10_000) ?? limits.perHour
        limits.perDay = reader.integer("perDay", in: 1...100_000) ?? limits.perDay
        reader.finish()
        return limits
    }

    private static let fields = ResponderEvent.placeholders

    /// The names in braces.
    private static func placeholders(_ word: String) -> [String] {
        word.split(separator: "{", omittingEmptySubsequences: false).dropFirst().compactMap { part in
            part.firstIndex(of: "}").map { String(part[..<$0]) }
        }
        .filter { !$0.isEmpty && $0.allSatisfy(\.isLetter) }
    }

    static func isURL(_ text: String) -> Bool {
        let rest = ["http://", "https://"].first { text.lowercased().hasPrefix($0) }.map { text.dropFirst($0.count) }
        guard let rest, !text.contains(where: \.isWhitespace) else { return false }
        return !rest.prefix { $0 != "/" && $0 != "?" }.isEmpty
    }
}
