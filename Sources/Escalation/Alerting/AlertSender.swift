import Addresses
import Concurrency
import Documents
package import Logging
package import Monitoring
package import Probing
package import ServiceLifecycle
import Synchronization
import Transfers

/// Sends all alerts to every configured Alertmanager: immediately after a change, and repeatedly at each interval.
///
/// A firing alert is valid for four intervals, so that it resolves by itself if the agent stops. Each Alertmanager has its own loop.
package final class AlertSender: ResultObserver {
    private let client: OutboundClient
    private let journal: any Journal
    private let time: any TimeSource
    private let interval: Duration
    private let generatorURL: String?
    private let logger: Logger
    private let endpoints = Mutex<[EndpointURL: AlertmanagerEndpoint]>([:])
    private let arrivals: AsyncStream<AlertmanagerEndpoint>
    private let arrival: AsyncStream<AlertmanagerEndpoint>.Continuation

    /// - Parameters:
    ///   - journal: flushed before each delivery.
    ///   - interval: between two deliveries of the same alerts.
    ///   - generatorURL: the URL of the agent's status page, sent with each alert; nil omits it.
    package init(
        _ client: OutboundClient, journal: any Journal, interval: Duration = .seconds(60), generatorURL: String? = nil,
        time: any TimeSource,
        logger: Logger
    ) {
        self.client = client
        self.journal = journal
        self.interval = interval
        self.generatorURL = generatorURL
        self.time = time
        self.logger = logger
        (arrivals, arrival) = AsyncStream.makeStream(of: AlertmanagerEndpoint.self)
    }

    /// The delivery state of each configured Alertmanager, by its URL (without credentials).
    package var ledgers: [String: AlertLedger] {
        endpoints.withLock { all in Dictionary(all.values.map { ($0.url.description, $0.ledger) }) { first, _ in first } }
    }

    /// The service that sends until graceful shutdown.
    /// - Parameter alerts: returns the current alerts, firing and recently resolved; called before each delivery.
    package func service(_ alerts: @escaping @Sendable () async -> [Alert]) -> any Service {
        AlertService(sender: self, alerts: alerts)
    }

    /// Adopts the Alertmanagers of a new plan; wakes the loops after a change of a monitor, an escalation or a decision.
    package func changed(_ change: CacheChange) {
        switch change {
        case .adopted(let plan):
            client.use(plan.configuration.organization.network)
            follow(plan.configuration.alertmanagers)
        case .moved, .escalated, .decided: for endpoint in endpoints.withLock({ Array($0.values) }) { endpoint.wake() }
        case .updated, .ran, .expired, .removed: break
        }
    }

    private func follow(_ configured: [AlertmanagerConfiguration]) {
        let (come, gone) = endpoints.withLock { endpoints in
            let older = endpoints
            endpoints = [:]
            var come: [AlertmanagerEndpoint] = []
            for alertmanager in configured where endpoints[alertmanager.url] == nil {
                let known = older[alertmanager.url]
                let endpoint = known ?? AlertmanagerEndpoint(alertmanager)
                endpoint.configured = alertmanager
                endpoints[alertmanager.url] = endpoint
                if known == nil { come.append(endpoint) }
            }
            return (come, older.filter { endpoints[$0.key] == nil }.map(\.value))
        }
        gone.forEach { $0.dismiss() }
        for endpoint in come { arrival.yield(endpoint) }
    }

    fileprivate func work(_ alerts: @escaping @Sendable () async -> [Alert]) async {
        await withDiscardingTaskGroup { loops in
            for await endpoint in arrivals {
                loops.addTask { await self.serve(endpoint, alerts) }
            }
        }
    }

    private func serve(_ endpoint: AlertmanagerEndpoint, _ alerts: @escaping @Sendable () async -> [Alert]) async {
        var memory = SentAlerts()
        var due = time.elapsed
        var timer = DueTimer()
        await withDiscardingTaskGroup { alarms in
            endpoint.wake()
            for await _ in endpoint.wakeUps {
                let elapsed = time.elapsed
                // After a failure, a change waits for the next retry, so that the Alertmanager is not flooded with requests.
                if elapsed >= due || endpoint.ledger.consecutiveFailures == 0 && endpoint.needsSend {
                    endpoint.markSent()
                    let alerts = memory.due(await alerts(), at: time.now)
                    // Once per interval, an empty list is sent too: delivery problems are noticed before the first alert.
                    if !alerts.isEmpty || elapsed >= due {
                        // Persist the episodes first, so that a crash cannot lose what has been sent. An unwritable journal does not
                        // prevent delivery.
                        try? await journal.flush()
                        await send(alerts, to: endpoint, &memory)
                        guard !Task.isCancelled else { return }
                        due = time.elapsed + pause(endpoint.ledger)
                    }
                }
                timer.arm(due, now: time.elapsed, in: &alarms, sleep: time.sleep) { endpoint.wakeAsPlanned() }
            }
            alarms.cancelAll()
        }
    }

    /// The delay until the next delivery: after failures 1 s, doubled each time, at most the interval.
    private func pause(_ ledger: AlertLedger) -> Duration {
        guard ledger.consecutiveFailures > 0 else { return interval }
        return min(interval, .seconds(1 << min(ledger.consecutiveFailures - 1, 10)))
    }

    private func send(_ alerts: [Alert], to endpoint: AlertmanagerEndpoint, _ memory: inout SentAlerts) async {
        let before = endpoint.ledger
        var problem: String?
        for start in stride(from: 0, to: max(1, alerts.count), by: AlertmanagerEndpoint.batch) {
            let batch = Array(alerts[start..<min(start + AlertmanagerEndpoint.batch, alerts.count)])
            let messages = batch.map { AlertMessage($0, at: time.now, lifetime: interval * 4, generatorURL: generatorURL) }
            guard let body = try? JSONText.encode(messages) else { continue }
            let headers: [HeaderField]
            do throws(OutboundClient.CredentialUnreadable) { headers = try endpoint.headers() } catch {
                problem = error.clause
                break
            }
            let report = await client.post(
                body, to: endpoint.alertsURL, headers: headers, tls: endpoint.configured.tls, throughProxy: false,
                within: AlertmanagerEndpoint.timeout)
            guard !Task.isCancelled else { return }
            guard report.isAccepted else {
                problem = report.clause(without: headers)
                break
            }
            memory.accepted(batch)
            endpoint.accepted(batch.count)
        }
        endpoint.tried(problem, at: time.now)
        if let problem, before.problem == nil {
            logger.warning(
                "alerts cannot be delivered to Alertmanager", metadata: ["alertmanager": "\(endpoint.url)", "problem": "\(problem)"])
        } else if problem == nil, before.problem != nil, endpoint.ledger.problem == nil {
            logger.notice("alerts are delivered to Alertmanager again", metadata: ["alertmanager": "\(endpoint.url)"])
        }
    }
}

private struct AlertService: Service {
    let sender: AlertSender
    let alerts: @Sendable () async -> [Alert]

    func run() async throws {
        await cancelWhenGracefulShutdown { [sender, alerts] in await sender.work(alerts) }
    }
}
