import FoundationEssentials

/// Where the definitions lie that come with the agent.
package enum ShippedProbes {
    /// Beside an installed executable (`../share/agent/probes`), in the checkout a built one stands in, or `./probes`.
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
