import API
import Documents
import Monitoring
import Probing

/// A button by which a user who has logged in asks the API for something, after the dialog of the page has said what will happen.
struct OrderButton: Sendable {
    /// As many requests belong to one button.
    private static let mostRequests = 50

    let orderID: String
    let words: String
    /// The same with what it is about.
    let label: String
    /// An `Order`, as JSON.
    let order: String

    /// What `page.js` needs to know.
    private struct Order<Body: OrderDocument>: Encodable {
        /// From the root of the pages.
        var path = ""
        /// Of the requests, which are sent one after another.
        var bodies: [Body]
        /// What will happen.
        var what: String
        /// What is said afterwards.
        var done: String
        /// The fields of the dialog that complete each body.
        var asks: [Field] = []
    }

    private enum Field: String, Encodable {
        case comment, duration
        /// Whether the component in the body is meant, or the whole server.
        case extent
    }

    private init<Body, Answer>(_ id: String, _ words: String, _ title: String, _ endpoint: Endpoint<Body, Answer>, _ order: Order<Body>) {
        orderID = id
        self.words = words
        label = "\(words): \(title)"
        var order = order
        order.path = String(endpoint.route.path.dropFirst())
        self.order = (try? JSONText.encode(order)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    /// What a user may do about a probe and what is wrong with it.
    /// - Parameters:
    ///   - id: what the ids of the buttons begin with.
    ///   - title: of what they are about.
    ///   - probe: the one to run again, also on the servers where a trouble is of the same probe.
    ///   - isInactive: whether maintenance is in force already.
    ///   - user: who has logged in; nil for nobody, who may do nothing.
    static func all(
        id: String, about title: String, _ probe: ProbeKey, _ troubles: [Trouble], isInactive: Bool, by user: String?
    ) -> [OrderButton] {
        guard let user else { return [] }
        var buttons = [run(id + "-run", title, probe, troubles)]
        let open = troubles.filter { $0.monitor != nil && $0.acknowledged == nil }
        if !open.isEmpty { buttons.append(acknowledge(id + "-acknowledge", title, open, by: user)) }
        if !isInactive { buttons.append(maintain(id + "-maintenance", title, probe, troubles, by: user)) }
        return buttons
    }

    private static func run(_ id: String, _ title: String, _ probe: ProbeKey, _ troubles: [Trouble]) -> OrderButton {
        let servers = Self.servers(probe, troubles.filter { $0.key.identity == probe.identity })
        let on = ProbeWords.list(servers, "server", "servers").map { " on \($0)" } ?? probe.identity.target.map { " at \($0)" } ?? ""
        let name = ProbeWords.name(probe.identity)
        let order = Order(
            bodies: [InvokeRequest(probe: probe.identity.description, servers: servers)],
            what: "Runs \(name)\(on) now; its result counts as that of a scheduled run.", done: "Run again: \(title)")
        return OrderButton(id, "Run again", title, Endpoints.invoke, order)
    }

    private static func acknowledge(_ id: String, _ title: String, _ open: [Trouble], by user: String) -> OrderButton {
        // The addresses of one target have episodes of their own, which one request is about.
        var requests: [String: AcknowledgeRequest] = [:]
        var places: Set<String> = []
        for trouble in open.prefix(mostRequests) {
            guard let monitor = trouble.monitor?.identity.description else { continue }
            let server = trouble.key.server
            requests[monitor + "\n" + server] = AcknowledgeRequest(monitor: monitor, server: server.isEmpty ? nil : server, by: user)
            if let place = ProbeWords.place(trouble.key) { places.insert(place) }
        }
        let names = Set(open.compactMap(\.monitor?.name)).sorted()
        let monitors = names.count > 1 ? "\(names.count) monitors" : names.first ?? ""
        let on = ProbeWords.list(places.sorted(), "place", open.first?.key.server == "" ? "targets" : "servers").map { " on \($0)" } ?? ""
        let order = Order(
            bodies: requests.sorted { $0.key < $1.key }.map(\.value),
            what: "Marks \(monitors)\(on) as being repaired: alerts go on, and say who has acknowledged them, until the problem ends.",
            done: "Acknowledged: \(title)", asks: [.comment])
        return OrderButton(id, "Acknowledge", title, Endpoints.acknowledge, order)
    }

    private static func maintain(
        _ id: String, _ title: String, _ probe: ProbeKey, _ troubles: [Trouble], by user: String
    ) -> OrderButton {
        let servers = Self.servers(probe, troubles)
        let bodies = (servers.isEmpty ? ["*"] : servers).map { server in
            var request = MaintenanceRequest(server: server, by: user)
            request.component = probe.identity.healthSet
            return request
        }
        // What belongs to no server is inactive only where everything of its health set is.
        let of = ProbeWords.list(servers, "server", "servers") ?? "health set \(probe.identity.healthSet), wherever it applies,"
        let order = Order(
            bodies: bodies, what: "Suppresses alerts of \(of) for a time; probes keep running.",
            done: "Maintenance started: \(title)", asks: servers.isEmpty ? [.duration, .comment] : [.extent, .duration, .comment])
        return OrderButton(id, "Maintenance", title, Endpoints.startMaintenance, order)
    }

    /// Sorted; none for a probe of the organization or of targets.
    private static func servers(_ probe: ProbeKey, _ troubles: [Trouble]) -> [String] {
        Array(Set(troubles.map(\.key.server) + [probe.server]).subtracting([""]).sorted().prefix(mostRequests))
    }
}
