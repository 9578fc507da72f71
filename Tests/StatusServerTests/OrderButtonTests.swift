import API
import Documents
import FoundationEssentials
import HealthManager
import Monitoring
import Probing
import TestSupport
import Testing

@testable import StatusServer

/// What a user who has logged in may order by the buttons of a problem.
@Suite struct OrderButtonTests {
    private struct Order<Body: Decodable>: Decodable {
        var path: String
        var bodies: [Body]
        var what: String
        var asks: [String]

        init(_ button: OrderButton?) throws {
            self = try JSONText.decode(Self.self, from: Array((try #require(button)).order.utf8))
        }
    }

    private static func card(_ site: TroubledSite, user: String?) async throws -> ProblemCard {
        let snapshot = await site.manager.snapshot()
        let problem = try #require(Problem.all(Trouble.all(in: snapshot)).first)
        return ProblemCard(problem, at: snapshot.taken, commands: CommandText(snapshot.agent), isOpen: true, user: user)
    }

    @Test("a button asks the API for what its sentence says, on every server of the problem; nobody without a login has one")
    func orders() async throws {
        let site = try TroubledSite(["mbx01", "mbx02", "mbx03"], time: ManualTime(), observers: [])
        site.set(TroubledSite.failure, on: ["mbx01", "mbx03"])
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await site.manager.run() }
            #expect(await site.advance { await site.states(.unhealthy) == 2 })
            #expect(try await Self.card(site, user: nil).orders.isEmpty)

            let buttons = try await Self.card(site, user: "dave").orders
            #expect(buttons.map(\.words) == ["Run again", "Acknowledge", "Maintenance"])
            #expect(buttons.allSatisfy { $0.label == $0.words + ": connect refused" })

            let run = try Order<InvokeRequest>(buttons.first)
            #expect(
                run.path == "api/v1/invoke" && run.asks.isEmpty && run.what.hasPrefix("Runs Mail\\Probe on 2 servers: mbx01, mbx03 now"))
            let results = await Invoker(site.manager).invoke(try #require(run.bodies.first), remote: true)
            #expect(run.bodies.count == 1 && results.results.map(\.key.server) == ["mbx01", "mbx03"] && results.refusals.isEmpty)

            let acknowledge = try Order<AcknowledgeRequest>(buttons.dropFirst().first)
            #expect(acknowledge.path == "api/v1/acknowledge" && acknowledge.asks == ["comment"])
            #expect(acknowledge.bodies.map(\.server) == ["mbx01", "mbx03"] && acknowledge.bodies.allSatisfy { $0.by == "dave" })
            for body in acknowledge.bodies { #expect(try await site.changes.acknowledge(body).count == 1) }
            let card = try await Self.card(site, user: "dave")
            #expect(card.acknowledgedBy?.who == "dave" && card.orders.map(\.words) == ["Run again", "Maintenance"])

            let maintenance = try Order<MaintenanceRequest>(buttons.last)
            #expect(maintenance.path == "api/v1/maintenance" && maintenance.asks == ["extent", "duration", "comment"])
            #expect(maintenance.bodies.map(\.server) == ["mbx01", "mbx03"] && maintenance.bodies.allSatisfy { $0.component == "Mail" })
            for body in maintenance.bodies { _ = try await site.changes.start(body) }
            #expect(try await Self.card(site, user: "dave").orders.map(\.words) == ["Run again"])
            group.cancelAll()
        }
    }

    @Test("what belongs to no server is named by its target; maintenance is then of its health set, and of nothing more")
    func target() throws {
        let key = ProbeKey(
            identity: ProbeIdentity(healthSet: "Web", name: "P", target: "https://a/?b=\"<'\u{202e}"), site: .target(address: ""))
        let buttons = OrderButton.all(id: "probe", about: "P", key, [], isInactive: false, by: "o'hara")
        #expect(buttons.map(\.orderID) == ["probe-run", "probe-maintenance"])
        let run = try Order<InvokeRequest>(buttons.first)
        #expect(run.bodies.map(\.probe) == [key.identity.description] && run.bodies.allSatisfy { $0.servers.isEmpty })
        let maintenance = try Order<MaintenanceRequest>(buttons.last)
        #expect(maintenance.bodies.map(\.server) == ["*"] && maintenance.bodies.map(\.component) == ["Web"])
        #expect(maintenance.bodies.map(\.by) == ["o'hara"] && maintenance.asks == ["duration", "comment"])
    }

    @Test("a page that is kept is given to the reader whom it was made for")
    func shelf() async {
        let shelf = PageShelf<StatusKey>()
        func page(_ user: String?, _ text: String) async -> String {
            let page = await shelf.page(StatusKey(query: PageQuery(), user: user), version: 1, at: .zero) { text }
            return String(decoding: page.bytes, as: UTF8.self)
        }
        for user in ["dave", nil, "carol", "dave", nil] { #expect(await page(user, user ?? "nobody") == user ?? "nobody") }
        // It is kept at all.
        #expect(await page("dave", "another") == "dave")
    }
}
