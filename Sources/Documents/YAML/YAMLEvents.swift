import CYaml

/// The parse events of libyaml, one at a time, so that the caller can stop at a limit.
///
/// Yams's own composer builds all nodes, and compares keys with aliases expanded, before they could be counted.
final class YAMLEvents {
    enum Event {
        case streamStart, streamEnd, documentStart, documentEnd
        case scalar(String, isPlain: Bool, isBinary: Bool, anchor: String?)
        case listStart(anchor: String?)
        case mappingStart(anchor: String?)
        /// The end of a list or mapping.
        case end
        case alias(String)
    }

    /// libyaml compares each directive with all previous ones.
    private static let directiveLimit = 64

    private let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
    private let text: UnsafeMutableBufferPointer<UInt8>

    init(_ text: String) throws(YAMLFault) {
        let bytes = Array(text.utf8)
        self.text = .allocate(capacity: bytes.count)
        _ = self.text.initialize(from: bytes)
        yaml_parser_initialize(parser)
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(parser, self.text.baseAddress, bytes.count)
        let directives = bytes.indices.lazy.filter { bytes[$0] == UInt8(ascii: "%") && ($0 == 0 || bytes[$0 - 1] == UInt8(ascii: "\n")) }
        guard directives.prefix(Self.directiveLimit + 1).count <= Self.directiveLimit else {
            throw YAMLFault(problem: "more than \(Self.directiveLimit) directives", mark: YAMLMark(line: 1, column: 1))
        }
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
        text.deallocate()
    }

    func next() throws(YAMLFault) -> (event: Event, mark: YAMLMark) {
        var event = yaml_event_t()
        guard yaml_parser_parse(parser, &event) == 1 else { throw fault }
        defer { yaml_event_delete(&event) }
        return (Self.translated(event), Self.mark(event.start_mark))
    }

    private static func translated(_ event: yaml_event_t) -> Event {
        switch event.type {
        case YAML_STREAM_END_EVENT: return .streamEnd
        case YAML_DOCUMENT_START_EVENT: return .documentStart
        case YAML_DOCUMENT_END_EVENT: return .documentEnd
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            let text = String(decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
            return .scalar(
                text, isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE, isBinary: name(scalar.tag) == "tag:yaml.org,2002:binary",
                anchor: name(scalar.anchor))
        case YAML_SEQUENCE_START_EVENT: return .listStart(anchor: name(event.data.sequence_start.anchor))
        case YAML_MAPPING_START_EVENT: return .mappingStart(anchor: name(event.data.mapping_start.anchor))
        case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT: return .end
        case YAML_ALIAS_EVENT: return .alias(name(event.data.alias.anchor) ?? "")
        default: return .streamStart
        }
    }

    private static func name(_ pointer: UnsafeMutablePointer<UInt8>?) -> String? { pointer.map { String(cString: $0) } }

    private static func mark(_ mark: yaml_mark_t) -> YAMLMark { YAMLMark(line: Int(mark.line) + 1, column: Int(mark.column) + 1) }

    private var fault: YAMLFault {
        let problem = parser.pointee.problem.map { String(cString: $0) } ?? "it cannot be parsed"
        let hasPlace = parser.pointee.error == YAML_SCANNER_ERROR || parser.pointee.error == YAML_PARSER_ERROR
        return YAMLFault(problem: problem, mark: hasPlace ? Self.mark(parser.pointee.problem_mark) : nil)
    }
}
