import FoundationEssentials
import Probing

/// Builds settings from YAML events. Limits on depth and number of values are enforced before anything is built.
struct YAMLComposer {
    /// The value of an anchor, with its number of values and depth, which each alias counts again.
    private struct Anchored {
        var setting: Setting
        var values: Int
        var height: Int
    }

    private let path: String
    private let depthLimit: Int
    private let valueLimit: Int
    private let events: YAMLEvents
    private var anchors: [String: Anchored] = [:]
    private var values = 0

    /// - Returns: nil if the text contains no document, or null.
    static func compose(_ text: String, path: String, depthLimit: Int, valueLimit: Int) throws(ConfigurationRefused) -> Setting? {
        do throws(YAMLEvents.Fault) {
            var composer = YAMLComposer(
                path: path, depthLimit: depthLimit, valueLimit: valueLimit, events: try YAMLEvents(text))
            return try composer.document()
        } catch {
            let location = SourceLocation(path: path, line: error.mark?.line, column: error.mark?.column)
            throw ConfigurationRefused([Diagnostic(.error, at: location, error.problem)])
        }
    }

    private init(path: String, depthLimit: Int, valueLimit: Int, events: YAMLEvents) {
        self.path = path
        self.depthLimit = depthLimit
        self.valueLimit = valueLimit
        self.events = events
    }

    private mutating func document() throws(YAMLEvents.Fault) -> Setting? {
        _ = try next()
        guard case .documentStart = try next().event else { return nil }
        let (event, mark) = try next()
        let (setting, _) = try node(event, mark, depth: 0)
        _ = try next()
        let (last, begin) = try next()
        guard case .streamEnd = last else {
            throw fault("only one YAML document per file is allowed: move this one to another file", begin)
        }
        return setting.isNull ? nil : setting
    }

    /// The next event; errors of libyaml are marked as invalid YAML.
    private func next() throws(YAMLEvents.Fault) -> (event: YAMLEvents.Event, mark: YAMLEvents.Mark) {
        do throws(YAMLEvents.Fault) { return try events.next() } catch {
            throw YAMLEvents.Fault(problem: "invalid YAML: \(error.problem)", mark: error.mark)
        }
    }

    /// - Returns: the setting and its own nesting depth.
    private mutating func node(
        _ event: YAMLEvents.Event, _ mark: YAMLEvents.Mark, depth: Int
    ) throws(YAMLEvents.Fault) -> (Setting, height: Int) {
        let before = values
        try count(1, at: mark)
        let setting: Setting
        var height = 0
        var anchor: String?
        switch event {
        case .scalar(let text, let isPlain, let isBinary, let name):
            anchor = name
            setting = Setting(isBinary ? .binary(try binary(text, mark)) : .scalar(text, isPlain: isPlain), at: location(mark))
        case .listStart(let name):
            anchor = name
            var items: [Setting] = []
            height = try collect(depth: depth, mark) { composer, event, mark throws(YAMLEvents.Fault) in
                let (item, height) = try composer.node(event, mark, depth: depth + 1)
                items.append(item)
                return height
            }
            setting = Setting(.list(items), at: location(mark))
        case .mappingStart(let name):
            anchor = name
            var mapping = MappingEntries()
            height = try collect(depth: depth, mark) { composer, event, mark throws(YAMLEvents.Fault) in
                try composer.entry(event, mark, depth: depth + 1, into: &mapping)
            }
            setting = Setting(.mapping(mapping.all), at: location(mark))
        case .alias(let name):
            guard let anchored = anchors[name] else { throw fault("undefined alias '*\(name)'", mark) }
            guard depth + anchored.height <= depthLimit else { throw tooDeep(mark) }
            try count(anchored.values - 1, at: mark)
            return (anchored.setting, anchored.height)
        case .streamStart, .streamEnd, .documentStart, .documentEnd, .end: throw fault("invalid YAML", mark)
        }
        if let anchor { anchors[anchor] = Anchored(setting: setting, values: values - before, height: height) }
        return (setting, height)
    }

    /// Passes the contents of a list or mapping to `take`, up to its end. Returns the nesting depth.
    private mutating func collect(
        depth: Int, _ mark: YAMLEvents.Mark,
        _ take: (inout YAMLComposer, YAMLEvents.Event, YAMLEvents.Mark) throws(YAMLEvents.Fault) -> Int
    ) throws(YAMLEvents.Fault) -> Int {
        guard depth < depthLimit else { throw tooDeep(mark) }
        var height = 0
        while true {
            let (event, mark) = try next()
            if case .end = event { return height + 1 }
            height = max(height, try take(&self, event, mark))
        }
    }

    private mutating func entry(
        _ event: YAMLEvents.Event, _ mark: YAMLEvents.Mark, depth: Int, into mapping: inout MappingEntries
    ) throws(YAMLEvents.Fault) -> Int {
        var (key, isMerge): (String?, Bool) = (nil, false)
        switch event {
        case .scalar(let text, let isPlain, false, let anchor):
            (key, isMerge) = (text, isPlain && text == "<<")
            if let anchor {
                anchors[anchor] = Anchored(setting: Setting(.scalar(text, isPlain: isPlain), at: location(mark)), values: 1, height: 0)
            }
        case .alias(let name): if case .scalar(let text, _)? = anchors[name]?.setting.value { key = text }
        default: break
        }
        guard let key else { throw fault("a key must be a string", mark) }
        let (event, valueMark) = try next()
        let (value, height) = try node(event, valueMark, depth: depth)
        if isMerge {
            mapping.inherit(value)
        } else if let first = mapping.add(Setting.Entry(key: key, keyLocation: location(mark), value: value)) {
            throw YAMLEvents.Fault(
                problem: "duplicate key '\(key)': remove one", mark: .init(line: first.line ?? 1, column: first.column ?? 1))
        }
        return height
    }

    private mutating func count(_ more: Int, at mark: YAMLEvents.Mark) throws(YAMLEvents.Fault) {
        values += more
        guard values <= valueLimit else { throw fault("too many values: more than \(valueLimit) with aliases expanded", mark) }
    }

    private func binary(_ text: String, _ mark: YAMLEvents.Mark) throws(YAMLEvents.Fault) -> [UInt8] {
        guard let bytes = Data(base64Encoded: text.filter { !$0.isWhitespace }) else {
            throw fault("!!binary must be followed by base64", mark)
        }
        return Array(bytes)
    }

    private func location(_ mark: YAMLEvents.Mark) -> SourceLocation { SourceLocation(path: path, line: mark.line, column: mark.column) }

    private func fault(_ problem: String, _ mark: YAMLEvents.Mark) -> YAMLEvents.Fault { .init(problem: problem, mark: mark) }

    private func tooDeep(_ mark: YAMLEvents.Mark) -> YAMLEvents.Fault { fault("nested deeper than \(depthLimit) levels", mark) }
}

/// The entries of one mapping: its own first, then those merged by `<<: *defaults`.
private struct MappingEntries {
    private var own: [Setting.Entry] = []
    private var inherited: [Setting.Entry] = []
    private var places: [String: SourceLocation] = [:]

    var all: [Setting.Entry] {
        var seen = Set(places.keys)
        return own + inherited.filter { seen.insert($0.key).inserted }
    }

    /// - Returns: the location of an existing entry with the same key; nil if the entry was added.
    mutating func add(_ entry: Setting.Entry) -> SourceLocation? {
        if let place = places[entry.key] { return place }
        places[entry.key] = entry.keyLocation
        own.append(entry)
        return nil
    }

    /// Merges a mapping, or a list of mappings, of which earlier ones take precedence.
    mutating func inherit(_ setting: Setting) {
        switch setting.value {
        case .mapping(let entries): inherited += entries
        case .list(let items): for item in items { inherit(item) }
        default: break
        }
    }
}
