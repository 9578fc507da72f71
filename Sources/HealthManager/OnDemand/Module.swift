/// A named way to probe any target: a kind with its options read, as blackbox_exporter's module files define it.
package struct Module: Sendable {
    package var name: String
    /// The kind's name: `http`.
    package var kind: String
    /// For one whole run; nil leaves it to the caller.
    package var timeout: Duration?
    /// Makes the probe for a place; options were read when the file was.
    package var make: @Sendable (Place) -> Discovery
    /// The Host header it sets; nil where it sets none.
    package var hostHeader: String?
    /// The module as written, every secret and every header value masked; for people who debug.
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
