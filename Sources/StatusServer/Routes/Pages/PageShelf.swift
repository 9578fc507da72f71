import Synchronization

/// Keeps rendered texts for a moment, for the pages that are open: hundreds of them look again at the same time after a change. Who asks for
/// one that is being rendered waits for it.
final class PageShelf<Key: Hashable & Sendable>: Sendable {
    private struct Page {
        let text: SharedText
        let version: Int
        let made: Duration
    }

    /// A text that is being rendered: as of one state, so that nobody who knows a newer one gets it.
    private struct Pending: Hashable {
        let key: Key
        let version: Int
    }

    private struct State {
        var pages: [Key: Page] = [:]
        /// Who waits for a text that is being rendered.
        var waiting: [Pending: [CheckedContinuation<SharedText?, Never>]] = [:]

        func fresh(_ key: Key, _ version: Int, _ now: Duration) -> SharedText? {
            guard let page = pages[key] else { return nil }
            let age = now - page.made
            return age < PageShelf.keptAtAll || page.version == version && age < PageShelf.keptUnchanged ? page.text : nil
        }

        mutating func keep(_ page: Page, as key: Key) {
            // One that took longer than a newer one.
            if let newer = pages[key], newer.made > page.made { return }
            pages = pages.filter { page.made - $0.value.made < PageShelf.keptUnchanged }
            let bytes = pages.values.reduce(page.text.bytes.count) { $0 + $1.text.bytes.count }
            if pages.count >= PageShelf.mostPages || bytes > PageShelf.mostBytes { pages = [:] }
            if page.text.bytes.count <= PageShelf.mostBytes { pages[key] = page }
        }
    }

    /// For all readers of one state; shorter than a page waits before it looks again.
    private static var keptAtAll: Duration { .milliseconds(200) }
    /// While no state has changed.
    private static var keptUnchanged: Duration { .seconds(2) }
    private static var mostPages: Int { 64 }
    private static var mostBytes: Int { 8 << 20 }

    private let state = Mutex(State())

    /// How many wait for texts that are being rendered.
    var waiting: Int { state.withLock { $0.waiting.values.reduce(0) { $0 + $1.count } } }

    /// The text for a key, rendered if there is none that is fresh.
    /// - Parameters:
    ///   - version: of the state that the text is about.
    ///   - now: of the monotonic clock.
    func page(_ key: Key, version: Int, at now: Duration, render: () async -> String) async -> SharedText {
        let pending = Pending(key: key, version: version)
        let ready: SharedText? = await withCheckedContinuation { continuation in
            let isWaiting = state.withLock { state in
                if let text = state.fresh(key, version, now) {
                    continuation.resume(returning: text)
                } else if state.waiting[pending] != nil {
                    state.waiting[pending]?.append(continuation)
                } else {
                    state.waiting[pending] = []
                    return false
                }
                return true
            }
            if !isWaiting { continuation.resume(returning: nil) }
        }
        if let ready { return ready }
        let text = SharedText(await render())
        let waiting = state.withLock { state in
            state.keep(Page(text: text, version: version, made: now), as: key)
            return state.waiting.removeValue(forKey: pending) ?? []
        }
        for reader in waiting { reader.resume(returning: text) }
        return text
    }
}
