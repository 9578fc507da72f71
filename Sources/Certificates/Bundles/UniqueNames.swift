/// Tells apart what a file gives the same name.
struct UniqueNames {
    /// By name: the highest number that it was returned with.
    private var counts: [String: Int] = [:]

    /// The name; if it was returned before, with a number that makes it unique: `tomcat #2`.
    mutating func unique(_ name: String) -> String {
        guard var count = counts[name] else {
            counts[name] = 1
            return name
        }
        var candidate = name
        repeat {
            count += 1
            candidate = "\(name) #\(count)"
        } while counts[candidate] != nil
        counts[name] = count
        counts[candidate] = 1
        return candidate
    }
}
