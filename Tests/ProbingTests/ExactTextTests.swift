import Probing
import Testing

@Suite struct ExactTextTests {
    private static let (one, two) = ("http://a.example/caf\u{E9}", "http://a.example/cafe\u{301}")

    @Test("targets that look alike but are other bytes are other targets, in identities, keys and lists")
    func different() {
        #expect(Self.one == Self.two)
        #expect(ExactText(Self.one) != ExactText(Self.two) && ExactText(Self.one) == ExactText(Self.one))
        let identities = [Self.one, Self.two, Self.one].map { ProbeIdentity(healthSet: "Web", name: "Pages", target: $0) }
        #expect(Set(identities).count == 2)
        #expect(Set(identities.map { ProbeKey(identity: $0, site: .target(address: nil)) }).count == 2)
        #expect(Set([Self.one, Self.two].map { TargetEntry($0) }).count == 2)
    }
}
