/// The implementation of one kind of probe, with its own options.
package protocol ProbeKind: Sendable {
    associatedtype Options: Sendable

    /// As written in definitions: `cert-expiry`.
    static var name: String { get }
    /// The same, unless one type serves several kinds.
    var name: String { get }
    /// For `agent explain`.
    var guide: KindGuide { get }
    /// Whether its probes check the organization or targets.
    var aim: KindAim { get }
    /// Whether it is also a prober, which modules of `/probe` use for targets of requests. Not if it reads files that a target names.
    var isProber: Bool { get }

    /// Reads and validates the options; problems are added to the reader's notes.
    func readOptions(_ reader: SettingsReader) -> Options

    /// Creates the probe for one place, or returns why it is not defined there. Called at start, reload and restart; uses no network.
    func discover(_ options: Options, at place: Place) -> Discovery

    /// What every target of the kind must be, if this one is not: `host or host:port`. Nil if it may be valid.
    func expected(insteadOf target: String) -> String?

    /// Clears what this kind alone has cached from earlier runs. Called at restart.
    func clearCaches() async
}

extension ProbeKind {
    package var name: String { Self.name }
    package var aim: KindAim { .organization }
    package var isProber: Bool { aim == .targets }
    package func expected(insteadOf target: String) -> String? { nil }
    package func clearCaches() async {}
}

/// What a kind's probes check.
package enum KindAim: Sendable, Hashable {
    /// The configured organization and its servers.
    case organization
    /// Any target: from a definition's list or from a `/probe` request.
    case targets
}
