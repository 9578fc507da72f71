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
    private let wayOut: OutboundClient
    private let journal: any Journal
    private let time: any TimeSource
    private let interval: Duration
    private let generatorURL: String?
    private let logger: Logger
    private let addressees = Mutex<[EndpointURL: AlertmanagerEndpoint]>([:])
    private let arrivals: AsyncStream<AlertmanagerEndpoint>
    private let arrival: AsyncStream<AlertmanagerEndpoint>.Continuation

    /// - Parameters:
    ///   - journal: flushed before each delivery.
    ///   - interval: between two deliveries of the same alerts.
    ///   - generatorURL: the URL of the agent's status page, sent with each alert; nil omits it.
    package init(
        _ wayOut: OutboundClient, journal: any Journal, interval: Duration = .seconds(60), generatorURL: String? = nil,
        time: any TimeSource,
        logger: Logger
    ) {
        self.wayOut = wayOut
        self.journal = journal
        self.interval = interval
        self.generatorURL = generatorURL
        self.time = time
        self.logger = logger
        (arrivals, arrival) = AsyncStream.makeStream(of: AlertmanagerEndpoint.self)
    }

    /// The delivery state of each configured Alertmanager, by its URL (without credentials).
    package var ledgers: [String: AlertLedger] {
        addressees.withLock { all in Dictionary(all.values.map { ($0.url.description, $0.ledger) }) { first, _ in first } }
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
            wayOut.use(plan.configuration.organization.network)
            follow(plan.configuration.alertmanagers)
        case .moved, .escalated, .decided: for addressee in addressees.withLock({ Array($0.values) }) { addressee.ring() }
        case .updated, .ran, .expired, .removed: break
        }
    }

    private func follow(_ configured: [AlertmanagerConfiguration]) {
        let (come, gone) = addressees.withLock { addressees in
            let older = addressees
            addressees = [:]
            var come: [AlertmanagerEndpoint] = []
            for alertmanager in configured where addressees[alertmanager.url] == nil {
                let known = older[alertmanager.url]
                let addressee = known ?? AlertmanagerEndpoint(alertmanager)
                addressee.configured = alertmanager
                addressees[alertmanager.url] = addressee
                if known == nil { come.append(addressee) }
            }
            return (come, older.filter { addressees[$0.key] == nil }.map(\.value))
        }
        gone.forEach { $0.dismiss() }
        for addressee in come { arrival.yield(addressee) }
    }

    fileprivate func work(_ alerts: @escaping @Sendable () async -> [Alert]) async {
        await withDiscardingTaskGroup { loops in
            for await addressee in arrivals {
                loops.addTask { await self.serve(addressee, alerts) }
            }
        }
    }

    private func serve(_ addressee: AlertmanagerEndpoint, _ alerts: @escaping @Sendable () async -> [Alert]) async {
        var memory = SentAlerts()
        var due = time.elapsed
        var timer = DueTimer()
        await withDiscardingTaskGroup { alarms in
            addressee.ring()
            for await _ in addressee.rings {
                let elapsed = time.elapsed
                // After a failure, a change waits for the next retry, so that the Alertmanager is not flooded with requests.
                if elapsed >= due || addressee.ledger.consecutiveFailures == 0 && addressee.needsSend {
                    addressee.markSent()
                    let alerts = memory.due(await alerts(), at: time.now)
                    // Once per interval, an empty list is sent too: delivery problems are noticed before the first alert.
                    if !alerts.isEmpty || elapsed >= due {
                        // Persist the episodes first, so that a crash cannot lose what has been sent. An unwritable journal does not
                        // prevent delivery.
                        try? await journal.flush()
                        await send(alerts, to: addressee, &memory)
                        guard !Task.isCancelled else { return }
                        due = time.elapsed + pause(addressee.ledger)
                    }
                }
                timer.arm(due, now: time.elapsed, in: &alarms, sleep: time.sleep) { addressee.alarm() }
            }
            alarms.cancelAll()
        }
    }

    /// The delay until the next delivery: after failures 1 s, doubled each time, at most the interval.
    private func pause(_ ledger: AlertLedger) -> Duration {
        guard ledger.consecutiveFailures > 0 else { return interval }
        return min(interval, .seconds(1 << min(ledger.consecutiveFailures - 1, 10)))
    }

    private func send(_ alerts: [Alert], to addressee: AlertmanagerEndpoint, _ memory: inout SentAlerts) async {
        let before = addressee.ledger
        var problem: String?
        for start in stride(from: 0, to: max(1, alerts.count), by: AlertmanagerEndpoint.batch) {
            let batch = Array(alerts[start..<min(start + AlertmanagerEndpoint.batch, alerts.count)])
            let messages = batch.map { AlertMessage($0, at: time.now, lifetime: interval * 4, generatorURL: generatorURL) }
            guard let body = try? JSONText.encode(messages) else { continue }
            let headers: [HeaderField]
            do throws(OutboundClient.CredentialUnreadable) { headers = try addressee.headers() } catch {
                problem = error.clause
                break
            }
            let report = await wayOut.post(
                body, to: addressee.endpoint, headers: headers, tls: addressee.configured.tls, throughProxy: false,
                within: AlertmanagerEndpoint.timeout)
            guard !Task.isCancelled else { return }
            guard report.isAccepted else {
                problem = report.clause(without: headers)
                break
            }
            memory.accepted(batch)
            addressee.accepted(batch.count)
        }
        addressee.tried(problem, at: time.now)
        if let problem, before.problem == nil {
            logger.warning(
                "alerts cannot be delivered to Alertmanager", metadata: ["alertmanager": "\(addressee.url)", "problem": "\(problem)"])
        } else if problem == nil, before.problem != nil, addressee.ledger.problem == nil {
            logger.notice("alerts are delivered to Alertmanager again", metadata: ["alertmanager": "\(addressee.url)"])
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
