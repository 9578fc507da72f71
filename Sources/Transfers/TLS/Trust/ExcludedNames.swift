import CCurl
import Certificates

/// A rule of name constraints that OpenSSL does not apply: an authority that must not vouch for `bar.example.com` must not do so by vouching
/// for `*.example.com` either.
enum ExcludedNames {
    /// - Parameters:
    ///   - names: of the leaf.
    ///   - chain: from the leaf to the anchor.
    /// - Returns: a wildcard of the leaf, a name it stands for, and the authority that must not vouch for that name; nil if there is none.
    static func violation(of names: [String], in chain: [OpaquePointer]) -> (wildcard: String, excluded: String, issuer: OpaquePointer)? {
        let wildcards = names.filter { $0.hasPrefix("*.") }
        guard !wildcards.isEmpty else { return nil }
        for issuer in chain.dropFirst() {
            for excluded in excluded(by: issuer) {
                // The wildcard stands for one label.
                guard let dot = excluded.firstIndex(of: "."), dot != excluded.startIndex else { continue }
                let covering = "*" + excluded[dot...].lowercased()
                if let wildcard = wildcards.first(where: { $0.lowercased() == covering }) { return (wildcard, excluded, issuer) }
            }
        }
        return nil
    }

    private static func excluded(by issuer: OpaquePointer) -> [String] {
        guard let constraints = X509_get_ext_d2i(issuer, NID_name_constraints, nil, nil) else { return [] }
        let all = constraints.assumingMemoryBound(to: NAME_CONSTRAINTS.self)
        defer { NAME_CONSTRAINTS_free(all) }
        return (0..<agent_excluded_count(all)).compactMap { index in
            guard let name = agent_excluded_at(all, index), agent_name_type(name) == GEN_DNS else { return nil }
            var length: Int32 = 0
            guard let start = agent_name_bytes(name, &length) else { return nil }
            return String(decoding: UnsafeBufferPointer(start: start, count: Int(length)), as: UTF8.self)
        }
    }
}
