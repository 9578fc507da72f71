import Synchronization

/// Keeps rendered status pages for a moment, for the pages that are open: hundreds of them look again at the same time after a change.
final class PageShelf: Sendable {
    private struct Key: Hashable {
        let query: PageQuery
        /// Who has logged in, for whom alone the page is; nil for all others.
        let user: String?
    }

    private struct Page {
        let html: String
        let version: Int
        let made: Duration
    }

    /// For all readers of one state; shorter than a page waits before it looks again.
    private static let keptAtAll: Duration = .milliseconds(200)
    /// While no state has changed.
    private static let keptUnchanged: Duration = .seconds(2)
    private static let mostPages = 32

    private let pages = Mutex<[Key: Page]>([:])

    /// The page for a query and a reader, rendered if there is none that is fresh.
    func page(_ query: PageQuery, for user: String?, version: Int, at now: Duration, render: () async -> String) async -> String {
        let key = Key(query: query, user: user)
        if let page = pages.withLock({ $0[key] }) {
            let age = now - page.made
            if age < Self.keptAtAll || page.version == version && age < Self.keptUnchanged { return page.html }
        }
        let html = await render()
        // Long lists are asked for by few, and are large.
        guard query.rows == PageQuery.firstRows else { return html }
        pages.withLock { pages in
            if pages.count >= Self.mostPages { pages = [:] }
            pages[key] = Page(html: html, version: version, made: now)
        }
        return html
    }
}
