import Documents
import FoundationEssentials
import Testing

/// Times in JSON documents and in queries.
@Suite struct DateTextTests {
    @Test(
        "with and without fractions of a second, in any zone",
        arguments: [
            ("2027-01-31T12:00:00Z", 1_801_396_800.0), ("2027-01-31T12:00:00.250Z", 1_801_396_800.25),
            ("2027-01-31T13:00:00+01:00", 1_801_396_800),
        ])
    func read(text: String, seconds: Double) { #expect(JSONText.date(text)?.timeIntervalSince1970 == seconds) }

    @Test(
        "what is none, or has something behind it",
        arguments: [
            "", "2027-01-31", "2027-02-30T12:00:00Z", "2027-01-31T12:00:00Zjunk", "2027-01-31T12:00:00Z2027-01-31T12:00:00Z", "now",
            "2027-01-31T12:00:00Z" + String(repeating: "0", count: 100_000),
        ])
    func refused(text: String) { #expect(JSONText.date(text) == nil) }
}
