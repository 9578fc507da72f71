import Addresses
import FoundationEssentials
package import HealthManager
package import Logging
package import ServiceLifecycle
import Synchronization
import Transfers

/// Tells every configured Alertmanager of every alert: at once when something changes, and again at each interval.
///
/// An alert that fires is good for a few intervals, so that it ends by itself if the agent does. Each Alertmanager has a loop of its own.
package final class AlertSender: ResultObserver {
    private let wayOut: WayOut
    private let journal: any Journal
    private let time: any TimeSource
    private let interval: Duration
    private let generatorURL: String?
    private let logger: Logger
    private let addressees = Mutex<[EndpointURL: AlertAddressee]>([:])
    private let arrivals: AsyncStream<AlertAddressee>
    private let arrival: AsyncStream<AlertAddressee>.Continuation

    /// - Parameters:
    ///   - interval: between two tellings of the same.
    ///   - generatorURL: of the agent's page, if known.
    package init(
        _ wayOut: WayOut, journal: any Journal, interval: Duration = .seconds(60), generatorURL: String? = nil, time: any TimeSource,
        logger: Logger
    ) {
        self.wayOut = wayOut
        self.journal = journal
        self.interval = interval
        self.generatorURL = generatorURL
        self.time = time
        self.logger = logger
        (arrivals, arrival) = AsyncStream.makeStream(of: AlertAddressee.self)
    }

    /// How each configured Alertmanager fares, by its URL.
    package var ledgers: [String: AlertLedger] {
        addressees.withLock { all in Dictionary(all.values.map { ($0.url.description, $0.ledger) }) { first, _ in first } }
    }

    /// Sends until the service group shuts down.
    package func service(_ alerts: @escaping @Sendable () async -> [Alert]) -> any Service {
        AlertService(sender: self, alerts: alerts)
    }

    package func changed(_ change: CacheChange) {
        switch change {
        case .adopted(let plan):
            wayOut.use(plan.configuration.network)
            follow(plan.configuration.alertmanagers)
        case .moved, .escalated, .decided: for addressee in addressees.withLock({ Array($0.values) }) { addressee.ring() }
        case .updated, .ran, .removed: break
        }
    }

    private func follow(_ configured: [AlertmanagerConfiguration]) {
        let (come, gone) = addressees.withLock { addressees in
            let older = addressees
            addressees = [:]
            var come: [AlertAddressee] = []
            for alertmanager in configured where addressees[alertmanager.url] == nil {
                let known = older[alertmanager.url]
                let addressee = known ?? AlertAddressee(alertmanager)
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

    private func serve(_ addressee: AlertAddressee, _ alerts: @escaping @Sendable () async -> [Alert]) async {
        var memory = AlertMemory()
        var due = time.elapsed
        var armed: Duration?
        await withDiscardingTaskGroup { alarms in
            addressee.ring()
            for await _ in addressee.rings {
                let elapsed = time.elapsed
                if let ringing = armed, ringing <= elapsed { armed = nil }
                // After a failure a change waits for the next try: it is not lost, and nobody is hammered.
                if elapsed >= due || addressee.ledger.consecutiveFailures == 0 && addressee.isStirred {
                    addressee.calm()
                    let alerts = memory.due(await alerts(), at: time.now)
                    // Once in each interval it is asked also where there is nothing to tell: that it takes alerts is known before trouble.
                    if !alerts.isEmpty || elapsed >= due {
                        // What a kill could make the agent forget is told to nobody, unless it can't be kept at all.
                        try? await journal.settle()
                        await send(alerts, to: addressee, &memory)
                        guard !Task.isCancelled else { return }
                        due = time.elapsed + pause(addressee.ledger)
                    }
                }
                guard due < armed ?? .seconds(Int64.max / 2) else { continue }
                armed = due
                let alarm = due
                alarms.addTask {
                    guard (try? await self.time.sleep(until: alarm)) != nil else { return }
                    addressee.alarm()
                }
            }
            alarms.cancelAll()
        }
    }

    /// A second after the first failure, twice as long after each further one, never longer than the interval.
    private func pause(_ ledger: AlertLedger) -> Duration {
        guard ledger.consecutiveFailures > 0 else { return interval }
        return min(interval, .seconds(1 << min(ledger.consecutiveFailures - 1, 10)))
    }

    private func send(_ alerts: [Alert], to addressee: AlertAddressee, _ memory: inout AlertMemory) async {
        let before = addressee.ledger
        var problem: String?
        for start in stride(from: 0, to: max(1, alerts.count), by: AlertAddressee.batch) {
            let batch = Array(alerts[start..<min(start + AlertAddressee.batch, alerts.count)])
            let messages = batch.map { AlertMessage($0, at: time.now, lifetime: interval * 4, generatorURL: generatorURL) }
            guard let body = try? JSONText.encode(messages) else { continue }
            let headers: [HeaderField]
            do throws(WayOut.CredentialUnreadable) { headers = try addressee.headers() } catch {
                problem = error.clause
                break
            }
            let report = await wayOut.post(
                body, to: addressee.endpoint, headers: headers, tls: addressee.configured.tls, throughProxy: false,
                within: AlertAddressee.timeout)
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
            logger.warning("Alertmanager takes no alerts", metadata: ["alertmanager": "\(addressee.url)", "problem": "\(problem)"])
        } else if problem == nil, before.problem != nil, addressee.ledger.problem == nil {
            logger.notice("Alertmanager takes alerts again", metadata: ["alertmanager": "\(addressee.url)"])
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
