package import Certificates
package import FoundationEssentials

/// What the thresholds say of one certificate.
extension Thresholds {
    /// Only whether a certificate is valid.
    package static let validNow: Thresholds = {
        var thresholds = Thresholds()
        (thresholds.warnBelow, thresholds.failBelow) = (.zero, .zero)
        return thresholds
    }()

    /// The finding about how long the certificate is still valid; nil if it needs no attention.
    /// - Parameters:
    ///   - subject: how the sentence begins, such as `certificate 7595... (/etc/ssl/web.pem)`.
    ///   - stage: of the finding; it decides on the remedy (see `Reason.remedy`).
    ///   - hasSuccessor: whether another certificate takes its place in time: an approaching expiry is then at most a warning.
    ///   - mayBeginLater: whether it need not be valid yet.
    package func expiry(
        of facts: CertificateFacts, _ subject: String, _ stage: Stage = .certificate, at date: Date, hasSuccessor: Bool = false,
        mayBeginLater: Bool = false
    ) -> Finding? {
        let left = Duration.seconds(facts.notAfter.timeIntervalSince(date))
        let lifetime = Duration.seconds(facts.notAfter.timeIntervalSince(facts.notBefore))
        func finding(_ severity: Finding.Severity, _ reason: Reason, _ rest: String) -> Finding {
            Finding(severity, stage: stage, reason: reason, sentence: "\(subject) \(rest)", certificate: facts.thumbprint)
        }
        let text = facts.expiryText(at: date)
        if left <= .zero { return finding(.failure, .certificateExpired, text) }
        if date < facts.notBefore {
            return mayBeginLater
                ? nil : finding(.failure, .certificateNotYetValid, "is not valid before \(facts.notBefore.formatted(.iso8601))")
        }
        let expected = text + (hasSuccessor ? "; a next certificate is staged" : "")
        if left < failure(lifetime: lifetime) {
            return finding(hasSuccessor ? .warning : .failure, .certificateExpiresVerySoon, expected)
        }
        return left < warning(lifetime: lifetime) ? finding(.warning, .certificateExpiresSoon, expected) : nil
    }

    /// The dates at which that finding changes, in any order.
    package func expiryTurns(with validity: Validity) -> [Date] {
        [
            validity.begin, validity.end, validity.end.addingTimeInterval(-warning(lifetime: validity.lifetime).seconds),
            validity.end.addingTimeInterval(-failure(lifetime: validity.lifetime).seconds),
        ]
    }

    /// The finding about the size of the key; nil if it is large enough, or its type has one size only.
    /// - Parameters: as above.
    package func keySize(of facts: CertificateFacts, _ subject: String, _ stage: Stage = .certificate) -> Finding? {
        let minimum: Int
        switch facts.keyType {
        case .rsa, .other("DSA"): minimum = minimumKeyBits
        case .ec: minimum = Self.minimumCurveBits
        case .other: minimum = 0
        }
        guard facts.keyBits < minimum else { return nil }
        return Finding(
            .failure, stage: stage, reason: .keyTooSmall,
            sentence: "\(subject) has a key of \(facts.keyBits) bits (\(facts.keyType)), the minimum is \(minimum)",
            certificate: facts.thumbprint)
    }

    /// The finding about the digest that the issuer has signed; nil if it is strong.
    /// - Parameters: as above.
    package func signature(of facts: CertificateFacts, _ subject: String, _ stage: Stage = .certificate) -> Finding? {
        guard facts.hasWeakSignature else { return nil }
        return Finding(
            .warning, stage: stage, reason: .signatureWeak, sentence: "\(subject) is signed with \(facts.signatureAlgorithm)",
            certificate: facts.thumbprint)
    }
}
