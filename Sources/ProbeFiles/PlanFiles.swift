import Documents
import FoundationEssentials
package import Monitoring
package import Probing

/// The configuration and definition files of an agent, read as one plan. Problems of all files are collected, not only the first.
package struct PlanFiles: Sendable {
    /// Nil for the defaults.
    package var configurationPath: String?
    /// Searched recursively for definitions; nil for none.
    package var probesDirectory: String?
    /// A file of modules in blackbox_exporter's or ssl_exporter's format; nil for none.
    package var modulesPath: String?
    package var overrides: ConfigurationOverrides

    package init(
        configurationPath: String?, probesDirectory: String?, modulesPath: String? = nil,
        overrides: ConfigurationOverrides = ConfigurationOverrides()
    ) {
        self.configurationPath = configurationPath
        self.probesDirectory = probesDirectory
        self.modulesPath = modulesPath
        self.overrides = overrides
    }

    /// Reads all files. Warnings are part of the plan.
    /// - Throws: `ConfigurationRefused` with all diagnostics if any of them is an error.
    package func read(kinds: KindCatalog) throws(ConfigurationRefused) -> Plan {
        let (plan, diagnostics) = examine(kinds: kinds)
        guard let plan, !diagnostics.contains(where: { $0.severity == .error }) else { throw ConfigurationRefused(diagnostics) }
        return plan
    }

    /// The daemon settings of the configuration file, for clients of the agent. Errors in the values of other keys are ignored.
    /// - Throws: `ConfigurationRefused` if the file cannot be read or parsed.
    package func daemonSettings() throws(ConfigurationRefused) -> DaemonSettings {
        guard let configurationPath else {
            var configuration = AgentConfiguration()
            overrides.apply(to: &configuration)
            return configuration.daemon
        }
        let setting = try YAMLFile(path: configurationPath).read()
        return ConfigurationFile(path: configurationPath, notes: SettingsReader.Notes(), readsSnapshot: false).configuration(setting).daemon
    }

    /// The files that are named, without those of the probes directory.
    package var paths: [String] { [configurationPath, modulesPath].compactMap(\.self) }

    /// The web configuration file; nil if there is none.
    /// - Throws: `ConfigurationRefused` if the configuration file cannot be read or parsed.
    package func webFile() throws(ConfigurationRefused) -> WebFile? {
        guard let path = overrides.webConfigFile else { return try daemonSettings().webConfigFile.map { WebFile(path: $0) } }
        return WebFile(path: path)
    }

    /// The errors of a configuration that is not yet written, sorted by position; relative paths are resolved against the directory of `path`.
    package static func errors(inConfiguration text: String, path: String) -> [Diagnostic] {
        let notes = SettingsReader.Notes()
        do throws(ConfigurationRefused) {
            _ = ConfigurationFile(path: path, notes: notes, readsSnapshot: false).configuration(try YAMLFile(path: path).parse(text))
        } catch { notes.diagnostics += error.diagnostics }
        return sorted(notes.diagnostics.filter { $0.severity == .error })
    }

    /// All errors and warnings, sorted by file and position. Empty if there are none.
    package func diagnostics(kinds: KindCatalog) -> [Diagnostic] { examine(kinds: kinds).1 }

    /// The valid definitions, in the order of their file paths; files with errors are skipped.
    package func definitions(kinds: KindCatalog) -> [ProbeDefinition] { definitions(kinds, SettingsReader.Notes()) }

    private func examine(kinds: KindCatalog) -> (Plan?, [Diagnostic]) {
        let notes = SettingsReader.Notes()
        let definitions = definitions(kinds, notes)
        // If a definition cannot be read, the set of monitors is unknown.
        let known = notes.hasErrors ? nil : definitions
        var configuration: AgentConfiguration?
        if let configurationPath {
            if let setting = read(configurationPath, notes) {
                configuration = ConfigurationFile(path: configurationPath, notes: notes, definitions: known).configuration(setting)
                configuration?.organization.knownDates = knownDates(notes)
                notes.diagnostics += unconfirmed(configurationPath)
                if !notes.hasErrors, let known, let organization = configuration?.organization {
                    notes.diagnostics += unwatched(organization, known, configurationPath)
                }
            }
        } else {
            configuration = AgentConfiguration()
        }
        notes.diagnostics += overrides.problems
        if var applied = configuration {
            overrides.apply(to: &applied)
            configuration = applied
        }
        let moduleFile = modulesPath.flatMap { read($0, notes) }
        let modules = moduleFile.map { ModulesFile(kinds: kinds, notes: notes).modules($0) } ?? [:]
        let diagnostics = Self.sorted(notes.diagnostics)
        guard let configuration else { return (nil, diagnostics) }
        var plan = Plan(configuration: configuration, definitions: definitions, modules: modules, warnings: diagnostics)
        if let name = moduleFile.flatMap(ModulesFile.defaultModule) { plan.defaultModule = name }
        return (plan, diagnostics)
    }

    /// None if there is no such file.
    private func knownDates(_ notes: SettingsReader.Notes) -> KnownDates {
        guard let probesDirectory else { return KnownDates() }
        let path = probesDirectory + "/" + KnownDatesFile.name
        guard FileManager.default.fileExists(atPath: path), let setting = read(path, notes) else { return KnownDates() }
        return KnownDatesFile(notes: notes).dates(setting)
    }

    private static func sorted(_ diagnostics: [Diagnostic]) -> [Diagnostic] {
        diagnostics.enumerated().sorted { left, right in
            let (a, b) = (left.element.location, right.element.location)
            return (a.path, a.line ?? 0, a.column ?? 0, left.offset) < (b.path, b.line ?? 0, b.column ?? 0, right.offset)
        }.map(\.element)
    }

    private func definitions(_ kinds: KindCatalog, _ notes: SettingsReader.Notes) -> [ProbeDefinition] {
        var definitions: [ProbeDefinition] = []
        for file in files(notes) {
            guard let setting = read(file, notes), let definition = DefinitionFile(kinds: kinds, notes: notes).definition(setting) else {
                continue
            }
            if let earlier = definitions.first(where: { $0.identity == definition.identity }) {
                notes.diagnostics.append(
                    Diagnostic(
                        .error, at: definition.location,
                        "probe '\(definition.identity)' is already defined in \(earlier.location.path): rename one"))
            } else {
                refuseTwins(definition, setting, among: definitions, notes)
                definitions.append(definition)
            }
        }
        return definitions
    }

    /// Refuses monitors with the same health set and name, since alerts and overrides identify a monitor by them.
    private func refuseTwins(
        _ definition: ProbeDefinition, _ setting: Setting, among others: [ProbeDefinition], _ notes: SettingsReader.Notes
    ) {
        let written = SettingsReader(setting, what: "a probe definition", notes: notes).settings("monitors") ?? []
        let neighbours = others.filter { $0.identity.healthSet.lowercased() == definition.identity.healthSet.lowercased() }
        for (monitor, setting) in zip(definition.monitors, written) {
            let twin = neighbours.first { $0.monitors.contains { $0.name.lowercased() == monitor.name.lowercased() } }
            guard let twin else { continue }
            notes.diagnostics.append(
                Diagnostic(
                    .error, at: SettingsReader(setting, what: "a monitor", notes: notes).location(of: "name"),
                    "monitor '\(monitor.name)' is already defined in \(twin.location.path) for the same health set: rename one"))
        }
    }

    /// All definition files below the directory, sorted by path; without `examples`, target lists in directories named `targets`, and
    /// hidden files.
    private func files(_ notes: SettingsReader.Notes) -> [String] {
        guard let probesDirectory else { return [] }
        let location = SourceLocation(path: probesDirectory)
        let names: [String]
        do throws(FileUnreadable) { names = try Folder.paths(below: probesDirectory) } catch {
            // An error, not an empty list of definitions: the previous plan remains in effect.
            let isMissing = error.path == probesDirectory && error.problem == .missing
            notes.diagnostics.append(
                isMissing
                    ? Diagnostic(.error, at: location, "the directory of probe definitions does not exist: set --probes")
                    : Diagnostic(.error, at: SourceLocation(path: error.path), "the probe definitions cannot be listed: \(error.clause)"))
            return []
        }
        let files = names.filter { name in
            let parts = name.split(separator: "/")
            return (name.hasSuffix(".yaml") || name.hasSuffix(".yml")) && parts.first != "examples" && name != KnownDatesFile.name
                && !parts.dropLast().contains("targets")
                && !parts.contains { $0.hasPrefix(".") }
        }.sorted().map { probesDirectory + "/" + $0 }
        if files.isEmpty { notes.diagnostics.append(Diagnostic(.warning, at: location, "no probe definitions in this directory")) }
        return files
    }

    private func read(_ path: String, _ notes: SettingsReader.Notes) -> Setting? {
        do throws(ConfigurationRefused) { return try YAMLFile(path: path).read() } catch {
            notes.diagnostics += error.diagnostics
            return nil
        }
    }

    /// Warnings for what the probes of Exchange servers would not watch.
    private func unwatched(
        _ organization: Organization, _ definitions: [ProbeDefinition], _ configurationPath: String
    ) -> [Diagnostic] {
        func warning(_ sentence: String, at location: SourceLocation? = nil) -> Diagnostic {
            Diagnostic(.warning, at: location ?? SourceLocation(path: configurationPath), sentence)
        }
        let perServer = definitions.compactMap { definition in
            if definition.enabled, case .server(let role) = definition.scope { (definition, role) } else { nil }
        }
        guard !perServer.isEmpty else { return [] }
        let servers = organization.servers
        guard !servers.isEmpty else {
            return [
                warning("no 'servers' are configured: probes of servers watch nothing: add each server's name and roles")
            ]
        }
        var warnings = perServer.filter { _, role in !servers.contains { $0.roles.contains(role) } }.map { definition, role in
            warning("no server has the role '\(role.rawValue)': this probe watches nothing", at: definition.location)
        }
        let authConfig = organization.authConfig
        if organization.snapshot == nil, authConfig.currentCertificateThumbprint == nil, authConfig.certificateFile == nil {
            warnings.append(
                warning(
                    "no 'authConfig': which OAuth certificate the servers must have is not known: add currentCertificateThumbprint from Get-AuthConfig"
                ))
        }
        if organization.snapshot == nil, authConfig.certificateFile == nil, !servers.contains(where: \.publishesMetadata) {
            warnings.append(
                warning(
                    "no copy of the OAuth certificate can be seen: all servers have 'metadata: false': add authConfig.certificateFile, or a snapshot"
                ))
        }
        return warnings
    }

    /// Warnings for the lines that `agent init` has marked as unconfirmed.
    private func unconfirmed(_ configurationPath: String) -> [Diagnostic] {
        guard let bytes = try? RegularFile.read(configurationPath, atMost: YAMLFile.sizeLimit) else { return [] }
        let lines = String(decoding: bytes, as: UTF8.self).split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        return lines.enumerated().compactMap { index, line in
            guard let mark = line.firstRange(of: "# UNCONFIRMED") else { return nil }
            let column = line.distance(from: line.startIndex, to: mark.lowerBound) + 1
            return Diagnostic(
                .warning, at: SourceLocation(path: configurationPath, line: index + 1, column: column),
                "unconfirmed value: compare it with the Exchange Management Shell, then remove the mark")
        }
    }
}
