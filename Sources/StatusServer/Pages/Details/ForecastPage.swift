import Exposition
import FoundationEssentials
import Monitoring
import Probing

/// The forecast as a page.
struct ForecastPage: Sendable {
    struct Event: Sendable {
        let when: PageTime
        let change: String
        let changeState: String
        let probe: String
        let places: String
        let eventReason: String?
        let eventSentence: String
        let eventRemedy: String?
        /// Of the element that holds the remedy: the same as long as the event is foreseen.
        var eventID = ""
    }

    struct Group: Sendable {
        let id: String
        let heading: String
        let hasEvents: Bool
        let events: [Event]

        init(_ id: String, _ heading: String, _ events: [Event]) {
            var known: [String: Int] = [:]
            (self.id, self.heading) = (id, heading)
            self.events = events.map { event in
                var event = event
                let name = ProblemCard.slug([id, event.probe, event.eventReason ?? "", event.change, String(event.when.iso.prefix(10))])
                known[name, default: 0] += 1
                event.eventID = known[name] == 1 ? name : "\(name)-\(known[name] ?? 0)"
                return event
            }
            hasEvents = !events.isEmpty
        }
    }

    private static let mostEvents = 500

    let frame: PageFrame
    let generated: PageTime
    let until: String
    let notes: [String]
    let groups: [Group]

    init(_ forecast: Forecast, snapshot: Snapshot, build: BuildInformation) {
        let now = snapshot.taken
        let standing: Standing = forecast.today.contains { $0.change != .warns } ? .failing : forecast.today.isEmpty ? .passing : .warning
        frame = PageFrame(title: "Forecast", root: "./", standing: standing, snapshot: snapshot, build: build)
        generated = PageTime(forecast.generated, at: now)
        until = String(forecast.until.formatted(.iso8601).prefix(10))
        notes = forecast.notes
        func events(_ events: [ForecastEvent]) -> [Event] {
            Forecast.grouped(events).prefix(Self.mostEvents).map { Event($0, at: now) }
        }
        groups = [
            Group("coming", "What comes", events(forecast.events)), Group("today", "What is wrong today", events(forecast.today)),
            Group(
                "unreached", "What could not be looked at",
                forecast.unreached.prefix(Self.mostEvents).map { Event($0, at: forecast.generated, now: now) }),
        ].filter { $0.hasEvents || $0.id == "coming" }
    }
}

extension ForecastPage.Event {
    /// Events of several places with the same cause; not empty.
    fileprivate init(_ events: [ForecastEvent], at now: Date) {
        let event = events[0]
        let standing: Standing
        switch event.change {
        case .warns: (change, standing) = ("warns", .warning)
        case .fails: (change, standing) = ("fails", .failing)
        case .breaks: (change, standing) = ("breaks", .failing)
        case .recovers: (change, standing) = ("recovers", .passing)
        }
        changeState = standing.rawValue
        when = PageTime(event.date, at: now)
        probe = event.probe
        places = events.map(\.place).filter { !$0.isEmpty }.joined(separator: ", ")
        (eventReason, eventSentence, eventRemedy) = (event.reason, ProbeWords.sentence(event.sentence), event.remedy)
    }

    fileprivate init(_ gap: ForecastGap, at date: Date, now: Date) {
        when = PageTime(date, at: now)
        (change, changeState) = ("not seen", Standing.unknown.rawValue)
        (probe, places) = (gap.probe, gap.place)
        (eventReason, eventSentence, eventRemedy) = (gap.reason, ProbeWords.sentence(gap.sentence), nil)
    }
}
