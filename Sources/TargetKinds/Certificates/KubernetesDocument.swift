import Certificates
import Documents
import Probing

/// A file of Kubernetes in YAML or JSON that holds certificates: a kubeconfig, or Secrets and ConfigMaps.
struct KubernetesDocument {
    private static let bounds = {
        var bounds = YAMLBounds()
        bounds.values = 500_000
        bounds.documents = 10_000
        bounds.bytes = 64 << 20
        return bounds
    }()
    /// In bytes; larger manifests than Kubernetes takes.
    private static let sizeLimit = 16 << 20
    /// The maximum number of files that a kubeconfig names, and that are read.
    private static let fileLimit = 100

    /// The values that may be certificate files, by the entry, Secret or ConfigMap that they are in.
    private(set) var groups: [[CertificateBundle.Embedded]] = []
    /// What cannot be read, one sentence each.
    private(set) var problems: [String] = []
    /// Whether other files were read: then a change is not visible in the file itself.
    private(set) var hasReadFiles = false

    private let path: String
    private var filesLeft = fileLimit

    /// - Parameter path: of the file, to which the paths in a kubeconfig are relative.
    /// - Returns: nil if it is no such document.
    /// - Throws: if it may be one, but is not valid YAML.
    init?(_ bytes: [UInt8], path: String) throws(YAMLFault) {
        guard bytes.count <= Self.sizeLimit, bytes.contains("apiVersion".utf8),
            let text = String(validating: bytes.dropFirst(bytes.byteOrderMark), as: UTF8.self)
        else { return nil }
        self.path = path
        // JSON is almost YAML.
        if let tree = try? JSONTree(bytes, within: JSONBounds(values: Self.bounds.values)) {
            read(YAMLNode(tree))
        } else {
            for document in try YAMLNode.documents(in: text, within: Self.bounds) { read(document) }
        }
        if groups.isEmpty, problems.isEmpty { return nil }
    }

    private mutating func read(_ document: YAMLNode) {
        switch document["kind"]?.text {
        case "Config": readConfiguration(document)
        case "Secret": readSecret(document)
        case "ConfigMap": readConfigMap(document)
        case let kind? where kind.hasSuffix("List"):
            for item in document["items"]?.items ?? [] { read(item) }
        default: break
        }
    }

    // MARK: kubeconfig

    private mutating func readConfiguration(_ document: YAMLNode) {
        for entry in document["clusters"]?.items ?? [] {
            let origin = CertificateBundle.Origin.kubeconfig(.cluster, name: Self.name(entry["name"]?.text))
            add([value("certificate-authority", of: entry["cluster"], origin)])
        }
        for entry in document["users"]?.items ?? [] {
            let origin = CertificateBundle.Origin.kubeconfig(.user, name: Self.name(entry["name"]?.text))
            add(["client-certificate", "client-key"].map { value($0, of: entry["user"], origin) })
        }
    }

    /// `KEY-data`, else the file that `KEY` names, as kubectl does it.
    private mutating func value(
        _ key: String, of entry: YAMLNode?, _ origin: CertificateBundle.Origin
    ) -> CertificateBundle.Embedded? {
        if let data = entry?[key + "-data"]?.text, !data.isEmpty { return decoded(data, origin, isOptional: false) }
        guard let name = entry?[key]?.text, !name.isEmpty else { return nil }
        hasReadFiles = true
        guard filesLeft > 0 else {
            problems.append("\(origin): more than \(Self.fileLimit) files are named: \(name) is left out")
            return nil
        }
        filesLeft -= 1
        let file = name.hasPrefix("/") ? name : "\(path.prefix(upTo: path.lastIndex(of: "/") ?? path.startIndex))/\(name)"
        do throws(FileUnreadable) {
            return CertificateBundle.Embedded(origin, try RegularFile.read(file, atMost: RegularFile.certificateLimit))
        } catch {
            problems.append("\(origin): \(error)")
            return nil
        }
    }

    // MARK: Secrets and ConfigMaps

    private mutating func readSecret(_ document: YAMLNode) {
        let (namespace, name) = Self.identity(document)
        let isTLS = document["type"]?.text == "kubernetes.io/tls"
        func origin(_ key: String) -> CertificateBundle.Origin { .secret(namespace: namespace, name: name, key: key) }
        func isOptional(_ key: String) -> Bool { !isTLS || !["tls.crt", "tls.key"].contains(key) }
        add(encoded: document["data"], text: document["stringData"], origin: origin, isOptional: isOptional)
    }

    private mutating func readConfigMap(_ document: YAMLNode) {
        let (namespace, name) = Self.identity(document)
        func origin(_ key: String) -> CertificateBundle.Origin { .configMap(namespace: namespace, name: name, key: key) }
        add(encoded: document["binaryData"], text: document["data"], origin: origin) { _ in true }
    }

    /// The values of one Secret or ConfigMap.
    private mutating func add(
        encoded: YAMLNode?, text: YAMLNode?, origin: (_ key: String) -> CertificateBundle.Origin, isOptional: (_ key: String) -> Bool
    ) {
        var group: [CertificateBundle.Embedded?] = []
        for entry in encoded?.entries ?? [] {
            guard let text = entry.value.text else { continue }
            group.append(decoded(text, origin(Self.name(entry.key)), isOptional: isOptional(entry.key)))
        }
        for entry in text?.entries ?? [] {
            guard let text = entry.value.text else { continue }
            group.append(.init(origin(Self.name(entry.key)), Array(text.utf8), isOptional: isOptional(entry.key)))
        }
        add(group)
    }

    private static func identity(_ document: YAMLNode) -> (namespace: String, name: String) {
        let metadata = document["metadata"]
        return (name(metadata?["namespace"]?.text), name(metadata?["name"]?.text))
    }

    /// As long as Kubernetes permits it.
    private static func name(_ text: String?) -> String { (text ?? "").shortened(to: 253) }

    private mutating func decoded(
        _ text: String, _ origin: CertificateBundle.Origin, isOptional: Bool
    ) -> CertificateBundle.Embedded? {
        if let bytes = Base64.decode(text) { return .init(origin, bytes, isOptional: isOptional) }
        problems.append("\(origin): not base64")
        return nil
    }

    private mutating func add(_ values: [CertificateBundle.Embedded?]) {
        let group = values.compactMap(\.self)
        if !group.isEmpty { groups.append(group) }
    }
}

extension YAMLNode {
    /// The same values; nothing has a place.
    fileprivate init(_ tree: JSONTree) {
        let start = YAMLMark(line: 1, column: 1)
        switch tree {
        case .object(let members):
            self.init(.mapping(members.map { Entry(key: $0.name, keyMark: start, value: YAMLNode($0.value)) }), at: start)
        case .array(let elements): self.init(.list(elements.map { YAMLNode($0) }), at: start)
        case .text(let text): self.init(.scalar(text, isPlain: false), at: start)
        case .number, .bool, .null: self.init(.scalar("", isPlain: true), at: start)
        }
    }
}
