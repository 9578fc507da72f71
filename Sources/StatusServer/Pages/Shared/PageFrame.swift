import Exposition
import FoundationEssentials
import Monitoring

/// What stands around the content of every page.
struct PageFrame: Sendable {
    let title: String
    /// The relative path of the status page: `./` there, `../` one level below.
    let root: String
    /// Of what the page is about, for the favicon.
    let standing: String
    /// Changes with the style sheet and the script, which are cached for good.
    let assets = PageAssets.version
    let symbols = StandingIcon.all
    let organization: String
    let version: String
    let revision: String?
    let started: PageTime
    let cleared: PageTime
    let configuration: String
    /// Who has logged in and may order something on this page; nil for nobody.
    let user: String?

    init(title: String, root: String, standing: Standing, snapshot: Snapshot, build: BuildInformation, user: String? = nil) {
        let facts = snapshot.agent
        let name = facts.organization.isEmpty ? "agent" : facts.organization
        self.title = title + " – " + name
        self.root = root
        self.standing = standing.rawValue
        organization = name
        version = build.version
        revision = build.revision.isEmpty ? nil : build.revision
        started = PageTime(facts.started, at: snapshot.taken)
        cleared = PageTime(facts.cacheCleared, at: snapshot.taken)
        self.user = user
        configuration = facts.configurationPath.isEmpty ? "none" : facts.configurationPath
    }
}
