package import FoundationEssentials

/// What Microsoft has announced for Exchange hybrid, as `exchange/known-dates.yaml` in the probes directory says.
package struct KnownDates: Sendable, Hashable {
    package struct Event: Sendable, Hashable {
        package var date: Date
        /// A clause: `EWS in Exchange Online ends`.
        package var what: String

        package init(date: Date, what: String) {
            self.date = date
            self.what = what
        }
    }

    /// By ID, such as `ews_ended`.
    package var events: [String: Event] = [:]
    /// The lowest builds, by ID; as Exchange writes them, with fewer numbers where the rest does not matter.
    package var builds: [String: String] = [:]
    /// What the dedicated application needs for Microsoft Graph.
    package var graphPermissions: [String] = []

    package init() {}
}
