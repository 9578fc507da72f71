import Documents

/// What `Export-Clixml` writes of plain objects, as the JSON that `ConvertTo-Json` would write of them.
///
/// Only values, lists and named members are read. No type is made of a name, and serialized data is left out: what PowerShell would execute
/// when it reads such a file is nothing but text here.
struct CLIXML {
    private static let mostValues = 2_000_000
    private static let deepest = 32

    /// Objects by `RefId`, to which later ones may refer.
    private var objects: [String: XMLElement] = [:]
    private var json: [UInt8] = []
    private var values = 0

    private init() {}

    /// Whether a file is XML, in UTF-8 or UTF-16, which is what `Export-Clixml` of Windows PowerShell writes.
    static func isXML(_ bytes: [UInt8]) -> Bool {
        let start = bytes.prefix(200).filter { ![0xEF, 0xBB, 0xBF, 0xFE, 0xFF, 0x00, 0x09, 0x0A, 0x0D, 0x20].contains($0) }
        return start.first == UInt8(ascii: "<")
    }

    /// The first object of the file, in UTF-8.
    static func json(_ bytes: [UInt8]) throws(SnapshotUnreadable) -> [UInt8] {
        let root: XMLElement
        do throws(XMLFault) { root = try XMLText.tree(bytes) } catch {
            throw SnapshotUnreadable("is \(error): it may be half-written, run Export-ExchangeFacts.ps1 again")
        }
        guard root.name == "Objs", let first = root.children.first else {
            throw SnapshotUnreadable("is XML, but was not written by Export-Clixml")
        }
        var reader = CLIXML()
        reader.collect(root)
        try reader.write(first, depth: 0)
        return reader.json
    }

    private mutating func collect(_ element: XMLElement) {
        if element.name == "Obj", let id = element.attributes["RefId"] { objects[id] = element }
        for child in element.children { collect(child) }
    }

    private mutating func write(_ element: XMLElement, depth: Int) throws(SnapshotUnreadable) {
        values += 1
        // References can repeat an object within itself, or multiply it.
        guard values <= Self.mostValues else { throw SnapshotUnreadable("contains more than \(Self.mostValues) values") }
        guard depth <= Self.deepest else { throw SnapshotUnreadable("is nested deeper than \(Self.deepest)") }
        switch element.name {
        case "Obj": try write(object: element, depth: depth)
        case "Ref":
            guard let object = element.attributes["RefId"].flatMap({ objects[$0] }) else {
                throw SnapshotUnreadable("refers to an object that it does not contain")
            }
            try write(object, depth: depth + 1)
        case "B": json += element.text == "true" ? Array("true".utf8) : Array("false".utf8)
        case "By", "SB", "I16", "U16", "I32", "U32", "I64", "U64", "Sg", "Db", "D": write(number: element.text)
        // Bytes may be serialized objects.
        case "Nil", "BA", "SS", "XD", "SBK": json += Array("null".utf8)
        default: write(text: element.text)
        }
    }

    private mutating func write(object: XMLElement, depth: Int) throws(SnapshotUnreadable) {
        if let list = object.children.first(where: { ["LST", "IE", "QUE", "STK"].contains($0.name) }) {
            json.append(UInt8(ascii: "["))
            for (index, element) in list.children.enumerated() {
                if index > 0 { json.append(UInt8(ascii: ",")) }
                try write(element, depth: depth + 1)
            }
            json.append(UInt8(ascii: "]"))
            return
        }
        let members: [(name: String, value: XMLElement)]
        if let dictionary = object.children.first(where: { $0.name == "DCT" }) {
            members = dictionary.children.compactMap { entry in
                let key = entry.children.first { $0.attributes["N"] == "Key" }
                let value = entry.children.first { $0.attributes["N"] == "Value" }
                guard let key, let value else { return nil }
                return (Self.plain(key.text), value)
            }
        } else {
            let parts = object.children.filter { ["MS", "Props"].contains($0.name) }
            let named = parts.flatMap(\.children).compactMap { child in child.attributes["N"].map { (Self.plain($0), child) } }
            guard !parts.isEmpty else {
                // A value with its text, such as an enumeration's name.
                let text = object.children.first { $0.name == "ToString" }
                return text.map { write(text: $0.text) } ?? json.append(contentsOf: Array("null".utf8))
            }
            members = named.filter { $0.0 != "SerializationData" }
        }
        json.append(UInt8(ascii: "{"))
        for (index, member) in members.enumerated() {
            if index > 0 { json.append(UInt8(ascii: ",")) }
            write(text: member.name)
            json.append(UInt8(ascii: ":"))
            try write(member.value, depth: depth + 1)
        }
        json.append(UInt8(ascii: "}"))
    }

    private mutating func write(number text: String) {
        let isNumber =
            Double(text)?.isFinite == true && text.utf8.allSatisfy { "0123456789+-.eE".utf8.contains($0) } && !text.hasPrefix("+")
        if isNumber { json += Array(text.utf8) } else { write(text: text) }
    }

    private mutating func write(text: String) {
        json.append(UInt8(ascii: "\""))
        for byte in Self.plain(text).utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): json += [UInt8(ascii: "\\"), byte]
            case ..<0x20: json += Array("\\u00\(byte < 16 ? "0" : "")\(String(byte, radix: 16))".utf8)
            default: json.append(byte)
            }
        }
        json.append(UInt8(ascii: "\""))
    }

    /// Characters that XML cannot contain are written as `_x000A_`.
    private static func plain(_ text: String) -> String {
        guard text.contains("_x") else { return text }
        return text.replacing(/_x([0-9A-Fa-f]{4})_/) { match in
            UInt32(match.1, radix: 16).flatMap(Unicode.Scalar.init).map { String(Character($0)) } ?? "\u{FFFD}"
        }
    }
}
