import Probing
import Testing

@Suite struct FormQueryTests {
    @Test(
        "a query is read as Go reads it",
        arguments: [
            ("target=a+b", "a b"), ("target=a%2Bb%20c", "a+b c"), ("target=a%252Fb", "a%2Fb"), ("target=a=b", "a=b"), ("t%61rget=a", "a"),
            ("target=one&target=two", "one"), ("target=%C3%A9", "é"), ("target", ""), ("target=", ""), ("", nil), ("module=x", nil),
            ("target=a;b", nil), ("target=%zz", nil), ("target=%4", nil), ("target=%ff", nil), ("&&target=a&", "a"),
        ] as [(String, String?)])
    func read(query: String, target: String?) { #expect(FormQuery(query)["target"] == target) }
}
