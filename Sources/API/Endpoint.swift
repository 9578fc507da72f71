package import Monitoring

/// What a request to the API looks like. The router, its 405 responses and the command line use it; a test compares it with `openapi.json`.
package struct Route: Sendable, Hashable {
    /// A request method of the API.
    package enum Method: String, Sendable { case get = "GET", post = "POST" }

    package let method: Method
    /// `/api/v1/overrides`.
    package let path: String
    /// The names of the query parameters; an endpoint with an answer refuses a request with others.
    package let query: [String]
}

/// A route with the types of its body and of its answer, both JSON.
package struct Endpoint<Body: Sendable, Answer: Codable & Sendable>: Sendable {
    package let route: Route

    fileprivate init(_ method: Route.Method, _ name: String, query: [String] = []) {
        route = Route(method: method, path: Endpoints.root + name, query: query)
    }
}

/// The body of an endpoint that has none.
package enum NoBody: Sendable {}

/// The endpoints of the API.
package enum Endpoints {
    package static let root = "/api/v1/"

    package static let probes = Endpoint<NoBody, [ProbeDocument]>(.get, "probes")
    package static let results = Endpoint<NoBody, [ResultDocument]>(.get, "results", query: ["probe", "server"])
    package static let health = Endpoint<NoBody, HealthReport>(.get, "health", query: ["server", "healthSet"])
    package static let history = Endpoint<NoBody, [HistoryRecord]>(
        .get, "history", query: ["subject", "server", "since", "until", "sort", "limit"])
    package static let overrides = Endpoint<NoBody, [OverrideDocument]>(.get, "overrides")
    package static let maintenance = Endpoint<NoBody, [MaintenanceDocument]>(.get, "maintenance")
    package static let alerts = Endpoint<NoBody, [Alert]>(.get, "alerts")
    package static let attempts = Endpoint<NoBody, [Attempt]>(.get, "attempts")
    package static let forecast = Endpoint<NoBody, Forecast>(.get, "forecast", query: ["until"])
    package static let invoke = Endpoint<InvokeRequest, InvokeAnswer>(.post, "invoke")
    package static let addOverride = Endpoint<OverrideRequest, OverrideDocument>(.post, "overrides")
    package static let removeOverride = Endpoint<OverrideRemoval, OverrideDocument>(.post, "overrides/remove")
    package static let startMaintenance = Endpoint<MaintenanceRequest, MaintenanceDocument>(.post, "maintenance")
    package static let endMaintenance = Endpoint<MaintenanceEnd, MaintenanceDocument>(.post, "maintenance/end")
    package static let acknowledge = Endpoint<AcknowledgeRequest, [Episode]>(.post, "acknowledge")
    /// The body is the snapshot itself, as `Export-ExchangeFacts.ps1` writes it.
    package static let snapshot = Endpoint<NoBody, SnapshotReceipt>(.post, "snapshot")
    /// Server-sent events.
    package static let events = Route(method: .get, path: root + "events", query: ["only"])
    /// The description of the API.
    package static let description = Route(method: .get, path: root + "openapi.json", query: [])

    package static let routes = [
        probes.route, results.route, health.route, history.route, overrides.route, maintenance.route, alerts.route, attempts.route,
        forecast.route, invoke.route, addOverride.route, removeOverride.route, startMaintenance.route, endMaintenance.route,
        acknowledge.route, snapshot.route, events, description,
    ]
}
