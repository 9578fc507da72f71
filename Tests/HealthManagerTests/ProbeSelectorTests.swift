import HealthManager
import Probing
import TestSupport
import Testing

@Suite struct ProbeSelectorTests {
    private static let selector = ProbeSelector(
        [
            ("OAuth", "CertificateExpiryProbe", "cert-expiry"), ("OAuth", "ThumbprintDriftProbe", "thumbprint-drift"),
            ("PushNotifications.Proxy", "PushNotificationsEnterpriseConnectivityProbe", "push-connectivity"),
        ]
        .map { set, name, kind in
            let location = SourceLocation(path: "\(name).yaml")
            return ProbeDefinition(
                identity: ProbeIdentity(healthSet: set, name: name), kind: StubKind(kind).configured, summary: "", scope: .organization,
                every: .seconds(1), timeout: .seconds(1), location: location)
        })

    @Test(
        "every spelling of an identity is understood",
        arguments: [
            "PushNotifications.Proxy\\PushNotificationsEnterpriseConnectivityProbe",
            "pushnotifications.proxy/pushnotificationsenterpriseconnectivityprobe",
            "PushNotifications.ProxyPushNotificationsEnterpriseConnectivityProbe", "PushNotificationsEnterpriseConnectivityProbe",
            "push-connectivity",
        ])
    func spellings(text: String) {
        guard case .one(let found, _) = Self.selector.select(text) else { return #expect(Bool(false), "\(text) is not understood") }
        #expect(found.kind.name == "push-connectivity")
    }

    @Test("what is not there is answered with the nearest names")
    func nearest() {
        guard case .none(let sentence) = Self.selector.select("OAuth\\CertificateExpireProbe") else { return #expect(Bool(false)) }
        #expect(sentence.hasPrefix("there is no probe 'OAuth\\CertificateExpireProbe'; similar names: OAuth/CertificateExpiryProbe"))
    }
}

@Suite struct ReasonTests {
    @Test("every reason has a sentence and a remedy of its own", arguments: Reason.allCases)
    func texts(reason: Reason) {
        #expect(reason.sentence.hasSuffix(".") && reason.remedy.hasSuffix("."))
        #expect(Reason.allCases.filter { $0.sentence == reason.sentence }.count == 1)
    }
}
