import FoundationEssentials
import Synchronization

/// When the registrations of domains end, as their registries have said last.
final class DomainEnds: Sendable {
    private let ends = Mutex<[String: Date]>([:])

    /// By the domain in ASCII, in any case.
    subscript(domain: String) -> Date? {
        get { ends.withLock { $0[domain.lowercased()] } }
        set { ends.withLock { $0[domain.lowercased()] = newValue } }
    }

    func clear() { ends.withLock { $0 = [:] } }
}
