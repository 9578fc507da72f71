/// Suggestions for a mistyped name.
package enum NearestName {
    private static let longest = 200

    /// The closest candidate by edit distance, ignoring case; nil if none is similar.
    package static func among(_ candidates: some Sequence<String>, to name: String) -> String? {
        ranked(candidates, to: name).first
    }

    /// All similar candidates, closest first: within an edit distance of a third of the name (at least 2), or containing it.
    package static func ranked(_ candidates: some Sequence<String>, to name: String) -> [String] {
        // No typo is that long, and the cost is the product of both lengths.
        guard name.utf8.count <= longest else { return [] }
        let wanted = Array(name.lowercased().utf8)
        return
            candidates
            .map { (name: $0, distance: distance(Array($0.lowercased().utf8), wanted)) }
            .filter { $0.distance <= max(2, wanted.count / 3) || $0.name.lowercased().contains(name.lowercased()) }
            .sorted { ($0.distance, $0.name) < ($1.distance, $1.name) }
            .map(\.name)
    }

    /// The Levenshtein distance.
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var row = Array(0...right.count)
        for (i, a) in left.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, b) in right.enumerated() {
                let substituted = diagonal + (a == b ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(substituted, row[j] + 1, row[j + 1] + 1)
            }
        }
        return row[right.count]
    }
}
