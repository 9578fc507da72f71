import Documents
import Monitoring
import Probing

/// Reads `exchange/known-dates.yaml` of the probes directory.
struct KnownDatesFile {
    static let name = "exchange/known-dates.yaml"
    private static let dates = ["shared_principal_refused", "ews_restricted", "ews_ended"]
    private static let builds = ["subscription_edition", "graph_route"]

    let notes: SettingsReader.Notes

    func dates(_ setting: Setting) -> KnownDates {
        let reader = SettingsReader(setting, what: "known-dates.yaml", notes: notes)
        var known = KnownDates()
        for entry in entries(reader, "dates") {
            let id = entry.required("id", what: "a date")
            let text = entry.required("date", what: "a date")
            let what = entry.required("what", what: "a date")
            sourced(entry)
            guard let id, let text, let what, isKnown(id, among: Self.dates, entry) else { continue }
            guard let date = JSONText.date(text + "T00:00:00Z") else {
                entry.error("'date' must be a day such as 2027-04-01, found '\(text)'", at: entry.location(of: "date"))
                continue
            }
            if known.events[id] != nil { entry.error("duplicate id '\(id)'", at: entry.location(of: "id")) }
            known.events[id] = KnownDates.Event(date: date, what: what)
        }
        for entry in entries(reader, "builds") {
            let id = entry.required("id", what: "a build")
            let minimum = entry.required("minimum", what: "a build")
            sourced(entry)
            if let minimum, minimum.split(separator: ".", omittingEmptySubsequences: false).contains(where: { Int($0) == nil }) {
                entry.error("'minimum' must be a build such as 15.2.2562, found '\(minimum)'", at: entry.location(of: "minimum"))
                continue
            }
            if let id, let minimum, isKnown(id, among: Self.builds, entry) { known.builds[id] = minimum }
        }
        for entry in entries(reader, "graphPermissions") {
            let name = entry.required("name", what: "a permission")
            sourced(entry)
            if let name { known.graphPermissions.append(name) }
        }
        reader.finish()
        return known
    }

    private func entries(_ reader: SettingsReader, _ key: String) -> [SettingsReader] {
        (reader.settings(key) ?? []).map { SettingsReader($0, what: "an entry of '\(key)'", notes: notes) }
    }

    /// An ID that nothing uses would be a date that is not watched.
    private func isKnown(_ id: String, among known: [String], _ entry: SettingsReader) -> Bool {
        if known.contains(id) { return true }
        entry.error("unknown id '\(id)'; known ids: \(known.joined(separator: ", "))", at: entry.location(of: "id"))
        return false
    }

    /// Each line says where it is from and when it was read, for whoever corrects it.
    private func sourced(_ entry: SettingsReader) {
        _ = entry.required("source", what: "each line")
        _ = entry.required("read", what: "each line")
        entry.finish()
    }
}
