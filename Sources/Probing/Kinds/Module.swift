/// A named way to probe any target, as in blackbox_exporter's module files: a kind with its options.
package struct Module: Sendable {
    package var name: String
    /// The kind's name: `http`.
    package var kind: String
    /// The limit for one whole run; nil if the caller decides.
    package var timeout: Duration?
    /// Creates the probe for a place; the options were validated when the file was loaded.
    package var make: @Sendable (Place) -> Discovery
    /// The Host header the module sets; nil if it sets none.
    package var hostHeader: String?
    /// The module as written, with every secret and header value masked; for debug output.
    package var masked: String

    package init(
        name: String, kind: String, timeout: Duration?, hostHeader: String?, masked: String, make: @escaping @Sendable (Place) -> Discovery
    ) {
        self.name = name
        self.kind = kind
        self.timeout = timeout
        self.hostHeader = hostHeader
        self.masked = masked
        self.make = make
    }
}
