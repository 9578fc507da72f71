package import Logging
package import Monitoring
package import Probing
import Synchronization

/// Whether this agent runs responders, where a lock file decides it: takes the lock when it is free, and notices when it is lost.
package final class Leadership: Sendable {
    /// Between two checks of the lock.
    private static let pause: Duration = .seconds(1)

    private let lock: ResponderLock
    private let time: any TimeSource
    private let logger: Logger
    private let standing = Mutex<ResponderLock.Standing?>(nil)

    package init(_ lock: ResponderLock, time: any TimeSource, logger: Logger) {
        self.lock = lock
        self.time = time
        self.logger = logger
    }

    package var facts: LeadershipFacts {
        var facts = LeadershipFacts(path: lock.path)
        switch standing.withLock(\.self) {
        case .held: facts.isLeader = true
        case .heldElsewhere(let holder): facts.holder = holder
        case .unusable(let sentence): facts.problem = sentence
        case nil: facts.isKnown = false
        }
        return facts
    }

    /// Checks the lock every second until the task is cancelled.
    /// - Parameter changed: called when this agent begins to lead, with what others did before, and with nil when it stands by.
    func watch(_ changed: @Sendable (ActionRecords?) -> Void) async {
        var isLeading = false
        repeat {
            let current = await lock.check()
            let last = standing.withLock { standing in
                defer { standing = current }
                return standing
            }
            if current != last { tell(current) }
            guard (current == .held) != isLeading else { continue }
            isLeading.toggle()
            changed(isLeading ? await takeOver() : nil)
        } while (try? await time.sleep(until: time.elapsed + Self.pause)) != nil
    }

    private func takeOver() async -> ActionRecords {
        do { return try await lock.takeOver(at: time.now) } catch {
            logger.error("what other agents have done is unknown, actions may be repeated", metadata: ["problem": "\(error)"])
            return ActionRecords()
        }
    }

    /// Whether the lock is held at this moment.
    func isConfirmed() async -> Bool { await lock.isHeld() }

    /// Records for the other agents; what cannot be written may be repeated by them.
    func record(_ lines: [ActionRecords.Line]) async {
        guard await !lock.record(lines, at: time.now) else { return }
        logger.warning("an action could not be recorded, another agent may repeat it", metadata: ["lock": "\(lock.path)"])
    }

    private func tell(_ standing: ResponderLock.Standing) {
        switch standing {
        case .held: logger.notice("webhooks and commands are run by this agent", metadata: ["lock": "\(lock.path)"])
        case .heldElsewhere(let holder):
            logger.notice(
                "webhooks and commands are run by another agent, this one stands by",
                metadata: ["lock": "\(lock.path)", "holder": "\(holder)"])
        case .unusable(let sentence):
            logger.error("webhooks and commands are not run by this agent: \(sentence)")
        }
    }
}
