import FoundationEssentials

/// Builds nodes from YAML events. Limits on depth and number of values are enforced before anything is built.
struct YAMLComposer {
    /// The value of an anchor, with its number of values and depth, which each alias counts again.
    private struct Anchored {
        var node: YAMLNode
        var values: Int
        var bytes: Int
        var height: Int
    }

    private let bounds: YAMLBounds
    private let events: YAMLEvents
    private var anchors: [String: Anchored] = [:]
    private var values = 0
    /// Of all texts, with aliases expanded.
    private var bytes = 0

    static func documents(_ text: String, within bounds: YAMLBounds) throws(YAMLFault) -> [YAMLNode] {
        var composer = YAMLComposer(bounds: bounds, events: try YAMLEvents(text))
        return try composer.documents()
    }

    private init(bounds: YAMLBounds, events: YAMLEvents) {
        self.bounds = bounds
        self.events = events
    }

    private mutating func documents() throws(YAMLFault) -> [YAMLNode] {
        _ = try next()
        var documents: [YAMLNode] = []
        while true {
            let (start, begin) = try next()
            guard case .documentStart = start else { return documents }
            guard documents.count < bounds.documents else {
                throw fault(
                    bounds.documents == 1
                        ? "only one YAML document per file is allowed: move this one to another file"
                        : "more than \(bounds.documents) YAML documents", begin)
            }
            anchors = [:]
            let (event, mark) = try next()
            documents.append(try node(event, mark, depth: 0).0)
            _ = try next()
        }
    }

    /// The next event; errors of libyaml are marked as invalid YAML.
    private func next() throws(YAMLFault) -> (event: YAMLEvents.Event, mark: YAMLMark) {
        do throws(YAMLFault) { return try events.next() } catch {
            throw YAMLFault(problem: "invalid YAML: \(error.problem)", mark: error.mark)
        }
    }

    /// - Returns: the node and its own nesting depth.
    private mutating func node(
        _ event: YAMLEvents.Event, _ mark: YAMLMark, depth: Int
    ) throws(YAMLFault) -> (YAMLNode, height: Int) {
        let before = (values: values, bytes: bytes)
        try count(1, at: mark)
        let node: YAMLNode
        var height = 0
        var anchor: String?
        switch event {
        case .scalar(let text, let isPlain, let isBinary, let name):
            anchor = name
            try count(0, bytes: text.utf8.count, at: mark)
            node = YAMLNode(isBinary ? .binary(try binary(text, mark)) : .scalar(text, isPlain: isPlain), at: mark)
        case .listStart(let name):
            anchor = name
            var items: [YAMLNode] = []
            height = try collect(depth: depth, mark) { composer, event, mark throws(YAMLFault) in
                let (item, height) = try composer.node(event, mark, depth: depth + 1)
                items.append(item)
                return height
            }
            node = YAMLNode(.list(items), at: mark)
        case .mappingStart(let name):
            anchor = name
            var mapping = MappingEntries()
            height = try collect(depth: depth, mark) { composer, event, mark throws(YAMLFault) in
                try composer.entry(event, mark, depth: depth + 1, into: &mapping)
            }
            node = YAMLNode(.mapping(mapping.all), at: mark)
        case .alias(let name):
            guard let anchored = anchors[name] else { throw fault("undefined alias '*\(name)'", mark) }
            guard depth + anchored.height <= bounds.depth else { throw tooDeep(mark) }
            try count(anchored.values - 1, bytes: anchored.bytes, at: mark)
            return (anchored.node, anchored.height)
        case .streamStart, .streamEnd, .documentStart, .documentEnd, .end: throw fault("invalid YAML", mark)
        }
        if let anchor {
            anchors[anchor] = Anchored(node: node, values: values - before.values, bytes: bytes - before.bytes, height: height)
        }
        return (node, height)
    }

    /// Passes the contents of a list or mapping to `take`, up to its end. Returns the nesting depth.
    private mutating func collect(
        depth: Int, _ mark: YAMLMark,
        _ take: (inout YAMLComposer, YAMLEvents.Event, YAMLMark) throws(YAMLFault) -> Int
    ) throws(YAMLFault) -> Int {
        guard depth < bounds.depth else { throw tooDeep(mark) }
        var height = 0
        while true {
            let (event, mark) = try next()
            if case .end = event { return height + 1 }
            height = max(height, try take(&self, event, mark))
        }
    }

    private mutating func entry(
        _ event: YAMLEvents.Event, _ mark: YAMLMark, depth: Int, into mapping: inout MappingEntries
    ) throws(YAMLFault) -> Int {
        var (key, isMerge): (String?, Bool) = (nil, false)
        switch event {
        case .scalar(let text, let isPlain, false, let anchor):
            (key, isMerge) = (text, isPlain && text == "<<")
            if let anchor {
                anchors[anchor] = Anchored(
                    node: YAMLNode(.scalar(text, isPlain: isPlain), at: mark), values: 1, bytes: text.utf8.count, height: 0)
            }
        case .alias(let name): if case .scalar(let text, _)? = anchors[name]?.node.value { key = text }
        default: break
        }
        guard let key else { throw fault("a key must be a string", mark) }
        try count(0, bytes: key.utf8.count, at: mark)
        let (event, valueMark) = try next()
        let (value, height) = try node(event, valueMark, depth: depth)
        if isMerge {
            mapping.inherit(value)
        } else if let first = mapping.add(YAMLNode.Entry(key: key, keyMark: mark, value: value)) {
            throw fault("duplicate key '\(key)': remove one", first)
        }
        return height
    }

    private mutating func count(_ more: Int, bytes length: Int = 0, at mark: YAMLMark) throws(YAMLFault) {
        values += more
        bytes += length
        guard bytes <= bounds.bytes else { throw fault("too much text: more than \(bounds.bytes) bytes with aliases expanded", mark) }
        guard values <= bounds.values else { throw fault("too many values: more than \(bounds.values) with aliases expanded", mark) }
    }

    private func binary(_ text: String, _ mark: YAMLMark) throws(YAMLFault) -> [UInt8] {
        guard let bytes = Data(base64Encoded: text.filter { !$0.isWhitespace }) else {
            throw fault("!!binary must be followed by base64", mark)
        }
        return Array(bytes)
    }

    private func fault(_ problem: String, _ mark: YAMLMark) -> YAMLFault { .init(problem: problem, mark: mark) }

    private func tooDeep(_ mark: YAMLMark) -> YAMLFault { fault("nested deeper than \(bounds.depth) levels", mark) }
}

/// The entries of one mapping: its own first, then those merged by `<<: *defaults`.
private struct MappingEntries {
    private var own: [YAMLNode.Entry] = []
    private var inherited: [YAMLNode.Entry] = []
    private var places: [String: YAMLMark] = [:]

    var all: [YAMLNode.Entry] {
        var seen = Set(places.keys)
        return own + inherited.filter { seen.insert($0.key).inserted }
    }

    /// - Returns: the mark of an existing entry with the same key; nil if the entry was added.
    mutating func add(_ entry: YAMLNode.Entry) -> YAMLMark? {
        if let place = places[entry.key] { return place }
        places[entry.key] = entry.keyMark
        own.append(entry)
        return nil
    }

    /// Merges a mapping, or a list of mappings, of which earlier ones take precedence.
    mutating func inherit(_ node: YAMLNode) {
        switch node.value {
        case .mapping(let entries): inherited += entries
        case .list(let items): for item in items { inherit(item) }
        default: break
        }
    }
}
