import FoundationEssentials

/// The directory of the probe definitions shipped with the agent.
package enum ShippedProbes {
    /// The first that exists of `../share/agent/probes` relative to the executable and `probes` in a directory above it (a checkout);
    /// `./probes` if neither does.
    package static func locate() -> String {
        let executable = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        var folders = executable.split(separator: "/").dropLast().map(String.init)
        var candidates = ["/" + (folders + ["..", "share", "agent", "probes"]).joined(separator: "/")]
        while !folders.isEmpty {
            candidates.append("/" + (folders + ["probes"]).joined(separator: "/"))
            folders.removeLast()
        }
        return candidates.first { FileManager.default.fileExists(atPath: $0 + "/README.md") } ?? "probes"
    }
}
