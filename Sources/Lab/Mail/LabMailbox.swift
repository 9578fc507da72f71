import Synchronization

/// The mailbox that messages of the lab arrive in.
final class LabMailbox: Sendable {
    struct Message: Sendable {
        let identifier: UInt32
        let subject: String
        var isSeen: Bool
        var isDeleted = false
    }

    private let state = Mutex<(messages: [Message], next: UInt32)>(([], 1))

    var messages: [Message] { state.withLock { $0.messages } }

    /// - Parameter text: header and body.
    func deliver(_ text: String, isSeen: Bool) {
        let header = text.split(separator: "\n").first { $0.lowercased().hasPrefix("subject:") } ?? ""
        let subject = header.dropFirst("subject:".count).drop { $0 == " " }
        state.withLock { state in
            state.messages.append(Message(identifier: state.next, subject: String(subject), isSeen: isSeen))
            state.next += 1
        }
    }

    func markDeleted(_ identifiers: Set<UInt32>) {
        state.withLock { state in
            for index in state.messages.indices where identifiers.contains(state.messages[index].identifier) {
                state.messages[index].isDeleted = true
            }
        }
    }

    func expunge(_ identifiers: Set<UInt32>) {
        state.withLock { $0.messages.removeAll { $0.isDeleted && identifiers.contains($0.identifier) } }
    }
}
