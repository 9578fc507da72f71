/// A named way to probe any target, as in blackbox_exporter's module files.
package struct Module: Sendable {
    package var name: String
    package var kind: ConfiguredKind
    /// The limit for one whole run; nil if the caller decides.
    package var timeout: Duration?
    /// The Host header the module sets; nil if it sets none.
    package var hostHeader: String?
    /// The module as written, with every secret and header value masked; for debug output.
    package var masked: String
    /// What it is aimed at, whatever the caller asks for; nil if the caller decides.
    package var target: String?
    /// Whether it is one of ssl_exporter, whose metric names are then exposed as well.
    package var isOfSSLExporter: Bool
    /// Why it cannot be run on this machine, as one sentence; nil if it can.
    package var unusable: String? { kind.errors.first { $0.isUnsupported }?.sentence }

    package init(
        name: String, kind: ConfiguredKind, timeout: Duration?, hostHeader: String?, masked: String, target: String? = nil,
        isOfSSLExporter: Bool = false
    ) {
        self.name = name
        self.kind = kind
        self.timeout = timeout
        self.hostHeader = hostHeader
        self.masked = masked
        self.target = target
        self.isOfSSLExporter = isOfSSLExporter
    }
}
