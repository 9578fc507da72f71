import CXml

/// Why a document was rejected by the XML parser. The description is a clause that can follow "is".
package enum XMLFault: Error, Sendable, Hashable, CustomStringConvertible {
    case malformed
    /// It declares entities or elements of its own, which no document that is read here needs.
    case hasDocumentType

    package var description: String {
        switch self {
        case .malformed: "not well-formed XML"
        case .hasDocumentType: "XML with a document type"
        }
    }
}

/// An element, and what is in it.
package struct XMLElement: Sendable {
    /// Without its namespace.
    package var name: String
    package var attributes: [String: String] = [:]
    package var children: [XMLElement] = []
    /// All text of the element itself.
    package var text = ""
}

/// XML written by others, read without the network and without entities of its own.
package enum XMLText {
    /// In bytes; longer texts are left out.
    private static let longestText = 256 << 10
    private static let mostTexts = 1000

    /// The texts of the elements with this local name, in any namespace and in document order: at most a thousand, none inside another.
    package static func texts(of name: String, in bytes: [UInt8]) throws(XMLFault) -> [String] {
        let document = try document(bytes)
        defer { xmlFreeDoc(document) }
        var texts: [String] = []
        var node = xmlDocGetRootElement(document)
        while let current = node, texts.count < mostTexts {
            let isWanted = current.pointee.type == XML_ELEMENT_NODE && current.pointee.name.map { string($0) == name } == true
            if isWanted, let content = xmlNodeGetContent(current) {
                if xmlStrlen(content) <= longestText { texts.append(string(content)) }
                agent_xml_free(content)
            }
            node = next(after: current, descends: !isWanted)
        }
        return texts
    }

    /// The root element with all that is in it.
    package static func tree(_ bytes: [UInt8]) throws(XMLFault) -> XMLElement {
        let document = try document(bytes)
        defer { xmlFreeDoc(document) }
        guard let root = xmlDocGetRootElement(document) else { throw .malformed }
        return element(root)
    }

    /// - Returns: a document for the caller to free.
    private static func document(_ bytes: [UInt8]) throws(XMLFault) -> UnsafeMutablePointer<xmlDoc> {
        let options = Int32(XML_PARSE_NONET.rawValue | XML_PARSE_NOERROR.rawValue | XML_PARSE_NOWARNING.rawValue)
        let document = bytes.withUnsafeBytes { buffer in
            xmlReadMemory(buffer.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(clamping: buffer.count), nil, nil, options)
        }
        guard let document else { throw .malformed }
        guard document.pointee.intSubset == nil else {
            xmlFreeDoc(document)
            throw .hasDocumentType
        }
        return document
    }

    /// Elements are nested 256 deep at most, which libxml2 sees to.
    private static func element(_ node: UnsafeMutablePointer<xmlNode>) -> XMLElement {
        var element = XMLElement(name: node.pointee.name.map(string) ?? "")
        var attribute = node.pointee.properties
        while let current = attribute {
            if let name = current.pointee.name, let value = current.pointee.children?.pointee.content {
                element.attributes[string(name)] = string(value)
            }
            attribute = current.pointee.next
        }
        var child = node.pointee.children
        while let current = child {
            switch current.pointee.type {
            case XML_ELEMENT_NODE: element.children.append(self.element(current))
            case XML_TEXT_NODE, XML_CDATA_SECTION_NODE: element.text += string(current.pointee.content)
            default: break
            }
            child = current.pointee.next
        }
        return element
    }

    /// The next node in document order; nil after the last one.
    private static func next(after node: UnsafeMutablePointer<xmlNode>, descends: Bool) -> UnsafeMutablePointer<xmlNode>? {
        if descends, node.pointee.type == XML_ELEMENT_NODE, let child = node.pointee.children { return child }
        var current = node
        while true {
            if let sibling = current.pointee.next { return sibling }
            guard let parent = current.pointee.parent, parent.pointee.type == XML_ELEMENT_NODE else { return nil }
            current = parent
        }
    }

    private static func string(_ text: UnsafePointer<xmlChar>) -> String { String(cString: text) }
}
