import Documents

/// Which RDAP service answers for which endings of domains, in the format of IANA's list (RFC 9224).
struct RegistryDirectory {
    private static let bounds = JSONBounds(values: 50_000)
    /// In bytes.
    private static let limit = 4 << 20

    /// By ending, in lower case: an https URL.
    private let services: [String: String]

    struct Unusable: Error, CustomStringConvertible { var description: String }

    /// - Parameter path: the list; nil is the one that is part of the program, which knows only some registries.
    init(path: String?) throws(Unusable) {
        guard let path else {
            services = try Self.services(PackageResources.rdap_json)
            return
        }
        let bytes: [UInt8]
        do throws(FileUnreadable) { bytes = try RegularFile.read(path, atMost: Self.limit) } catch {
            throw Unusable(description: error.description)
        }
        do throws(Unusable) { services = try Self.services(bytes) } catch { throw Unusable(description: "\(path) \(error)") }
    }

    private static func services(_ bytes: [UInt8]) throws(Unusable) -> [String: String] {
        let tree: JSONTree
        do throws(JSONFault) { tree = try JSONTree(bytes, within: bounds) } catch {
            throw Unusable(description: "is not valid JSON: \(error)")
        }
        guard let written = tree["services"]?.elements else { throw Unusable(description: "has no 'services'") }
        var services: [String: String] = [:]
        for service in written {
            guard let parts = service.elements, parts.count == 2, let endings = parts[0].elements,
                let url = parts[1].elements?.lazy.compactMap(\.text).first(where: { $0.hasPrefix("https://") })
            else { continue }
            for ending in endings.compactMap(\.text) { services[ending.lowercased()] = url }
        }
        return services
    }

    /// The service of the longest ending of the domain; nil if there is none.
    func service(of domain: String) -> String? {
        var rest = domain.lowercased()[...]
        while let dot = rest.firstIndex(of: ".") {
            rest = rest[rest.index(after: dot)...]
            if let service = services[String(rest)] { return service }
        }
        return nil
    }
}
