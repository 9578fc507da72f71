import Documents
import Probing

/// Why a credential of the agent's own cannot be used.
struct CredentialUnusable: Error {
    /// Contains nothing of a key or a password.
    var sentence: String
    /// Whether the agent ran out of descriptors or memory.
    var isLocalLimit = false

    init(_ sentence: String) { self.sentence = sentence }

    init(_ error: FileUnreadable) {
        sentence = error.description
        isLocalLimit = error.isLocalLimit
    }

    func finding(at stage: Stage) -> Finding {
        Finding(.unknown, stage: stage, reason: isLocalLimit ? .systemRefused : .credentialUnreadable, sentence: sentence)
    }
}
