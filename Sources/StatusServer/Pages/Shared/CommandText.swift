import FoundationEssentials
import Monitoring
import Probing

/// Commands to paste, as the administrator of this agent has to write them.
struct CommandText: Sendable {
    /// ` --config /home/demo/agent.yaml`; empty where the agent's command line finds the file by itself.
    private let options: String

    init(_ facts: AgentFacts) {
        let path = facts.configurationPath
        let whole = path.isEmpty || path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
        options = ["", "/etc/agent/agent.yaml"].contains(whole) ? "" : " --config \(Self.quoted(whole))"
    }

    /// `agent WORDS... --config FILE`
    func agent(_ words: [String]) -> String { "agent " + words.map(Self.quoted).joined(separator: " ") + options }

    /// For a POSIX shell.
    static func quoted(_ word: String) -> String {
        let plain = word.unicodeScalars.allSatisfy { scalar in
            scalar.isASCII
                && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil || "-_./:=@,+%".unicodeScalars.contains(scalar))
        }
        return plain && !word.isEmpty ? word : "'" + word.replacing("'", with: "'\\''") + "'"
    }

    /// For PowerShell.
    static func powerShell(_ word: String) -> String { "'" + word.replacing("'", with: "''") + "'" }
}
