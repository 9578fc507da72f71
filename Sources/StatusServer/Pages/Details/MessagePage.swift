import Exposition
import Monitoring
import Probing

/// A page that says one thing: what a reason means, or why a request is not answered.
struct MessagePage: Sendable {
    struct Link: Sendable {
        let href: String
        let words: String
    }

    let frame: PageFrame
    let heading: String
    let paragraphs: [String]
    let remedy: RemedyText?
    let hasLinks: Bool
    let links: [Link]

    /// - Parameter depth: of its path: 1 for `/forecast`, 2 for `/explain/timeout`.
    init(
        _ heading: String, _ paragraphs: [String], remedy: String? = nil, links: [Link] = [], depth: Int, snapshot: Snapshot,
        build: BuildInformation
    ) {
        let root = depth < 2 ? "./" : String(repeating: "../", count: depth - 1)
        frame = PageFrame(title: heading, root: root, standing: .waiting, snapshot: snapshot, build: build)
        self.heading = heading
        self.paragraphs = paragraphs
        self.remedy = remedy.map { RemedyText($0) }
        self.links = links
        hasLinks = !links.isEmpty
    }
}
