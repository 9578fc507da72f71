/// Thresholds for judging certificates, keys and drift.
package struct Thresholds: Sendable, Hashable {
    /// As configured; nil means 60 days or a third of the certificate's lifetime, whichever is less.
    package var warnBelow: Duration?
    /// As configured; nil means 30 days or a tenth of the certificate's lifetime, whichever is less.
    package var failBelow: Duration?
    /// Of an RSA key.
    package var minimumKeyBits = 2048
    package var driftSettling: Duration = .seconds(86400)

    package static let defaultWarning: Duration = .seconds(60 * 86400)
    package static let defaultFailure: Duration = .seconds(30 * 86400)
    package static let defaultWarningShare = 1.0 / 3
    package static let defaultFailureShare = 0.1
    /// As strong as an RSA key of 3072 bits.
    static let minimumCurveBits = 256

    package init() {}

    /// The remaining time below which a certificate with this lifetime is a warning.
    package func warning(lifetime: Duration) -> Duration {
        warnBelow ?? min(Self.defaultWarning, .seconds(lifetime.seconds * Self.defaultWarningShare))
    }

    /// The remaining time below which a certificate with this lifetime is a failure.
    package func failure(lifetime: Duration) -> Duration {
        failBelow ?? min(Self.defaultFailure, .seconds(lifetime.seconds * Self.defaultFailureShare))
    }
}
