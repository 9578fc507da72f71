import CCurl

extension CertificateBundle {
    /// Where in a document of Kubernetes a value is.
    package enum Origin: Sendable, Hashable, CustomStringConvertible {
        /// An entry of `clusters` or `users` in a kubeconfig.
        package enum Side: String, Sendable { case cluster, user }

        case kubeconfig(Side, name: String)
        /// `namespace` is empty where the document names none.
        case secret(namespace: String, name: String, key: String)
        case configMap(namespace: String, name: String, key: String)

        /// `user admin`, `Secret fabrikam/mail tls.crt`
        package var description: String {
            switch self {
            case .kubeconfig(let side, let name): "\(side.rawValue) \(name)"
            case .secret(let namespace, let name, let key): "Secret \(Self.path(namespace, name)) \(key)"
            case .configMap(let namespace, let name, let key): "ConfigMap \(Self.path(namespace, name)) \(key)"
            }
        }

        private static func path(_ namespace: String, _ name: String) -> String { namespace.isEmpty ? name : "\(namespace)/\(name)" }
    }

    /// A value of a document that may be a certificate file.
    package struct Embedded: Sendable {
        package var origin: Origin
        package var bytes: [UInt8]
        /// Whether it is left out where it is no certificate file.
        package var isOptional: Bool

        package init(_ origin: Origin, _ bytes: [UInt8], isOptional: Bool = false) {
            self.origin = origin
            self.bytes = bytes
            self.isOptional = isOptional
        }
    }

    /// Reads the certificate files that are inside another document. What cannot be read of one is a problem of the bundle.
    ///
    /// A part is named after its origin, with a number where the value has several: `Secret fabrikam/mail tls.crt #2`.
    /// - Parameter groups: the values of each group; a private key belongs to a certificate of the same group.
    package static func read(_ groups: [[Embedded]], passwords: [String] = []) -> CertificateBundle {
        defer { ERR_clear_error() }
        var all = CertificateBundle(format: .embedded, entries: [], lists: [], keys: [], problems: [])
        var contents = BundleContents()
        for (index, group) in groups.enumerated() {
            guard all.entries.count + all.lists.count + all.keys.count + all.problems.count < BundleContents.partLimit else {
                all.problems.append("\(groups.count - index) further groups are left out: more than \(BundleContents.partLimit) parts")
                break
            }
            contents = BundleContents(after: contents)
            for value in group { read(value, passwords, into: &contents) }
            let bundle = contents.bundle(.embedded)
            all.entries += bundle.entries
            all.lists += bundle.lists
            all.keys += bundle.keys
            all.problems += bundle.problems
        }
        return all
    }

    private static func read(_ value: Embedded, _ passwords: [String], into contents: inout BundleContents) {
        contents.origin = value.origin
        do throws(Unreadable) {
            _ = try value.bytes.withUnsafeBufferPointer { (buffer) throws(Unreadable) in
                try read(buffer, passwords: passwords, context: nil, into: &contents)
            }
        } catch  where error.cause == .notCertificates && value.isOptional {} catch { contents.add(problem: error.description) }
    }
}
