package import Addresses
package import Probing

/// Access to the sources of target lists (files, URLs, DNS), injected for tests.
package struct TargetSourceProvider: Sendable {
    /// The files that currently match a pattern, sorted by path; a path without a wildcard matches itself, even if it does not exist.
    package var files: @Sendable (_ pattern: String) -> [String]
    /// Reads a Prometheus file_sd file; `seen` is the stamp of the last reading.
    package var file: @Sendable (_ path: String, _ seen: ListStamp?) throws(ListUnreadable) -> ListReading
    /// Fetches Prometheus http_sd targets, within ten seconds; `seen` is the stamp of the last reading.
    package var url:
        @Sendable (_ url: String, _ refresh: Duration, _ network: NetworkSettings, _ seen: ListStamp?) async throws(ListUnreadable) ->
            ListReading
    /// Every address of a name; empty if it does not resolve.
    package var addresses: @Sendable (_ name: String) async -> [NetworkAddress]

    package init(
        files: @escaping @Sendable (String) -> [String],
        file: @escaping @Sendable (String, ListStamp?) throws(ListUnreadable) -> ListReading,
        url: @escaping @Sendable (String, Duration, NetworkSettings, ListStamp?) async throws(ListUnreadable) -> ListReading,
        addresses: @escaping @Sendable (String) async -> [NetworkAddress]
    ) {
        self.files = files
        self.file = file
        self.url = url
        self.addresses = addresses
    }

    /// Provides nothing: no list can be read and no name resolves.
    package static let empty = TargetSourceProvider(
        files: { _ in [] }, file: { path, _ throws(ListUnreadable) in throw ListUnreadable("\(path): not available in this process") },
        url: { url, _, _, _ throws(ListUnreadable) in throw ListUnreadable("\(url): not available in this process") },
        addresses: { _ in [] })
}
