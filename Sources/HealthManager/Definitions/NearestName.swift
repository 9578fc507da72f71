/// What somebody who mistyped a name most likely meant.
package enum NearestName {
    private static let longest = 200

    /// The closest candidate by edit distance ignoring case; nil where none is near.
    package static func among(_ candidates: some Sequence<String>, to name: String) -> String? {
        ranked(candidates, to: name).first
    }

    /// Near candidates, nearest first.
    package static func ranked(_ candidates: some Sequence<String>, to name: String) -> [String] {
        // Nobody mistypes so much, and comparing costs the length of both.
        guard name.utf8.count <= longest else { return [] }
        let wanted = Array(name.lowercased().utf8)
        return
            candidates
            .map { (name: $0, distance: distance(Array($0.lowercased().utf8), wanted)) }
            .filter { $0.distance <= max(2, wanted.count / 3) || $0.name.lowercased().contains(name.lowercased()) }
            .sorted { ($0.distance, $0.name) < ($1.distance, $1.name) }
            .map(\.name)
    }

    /// Levenshtein's.
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
