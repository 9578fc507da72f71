/// A DNS response code, with its name in the IANA registry.
struct ResponseCode: Sendable, Hashable, CustomStringConvertible {
    let number: Int

    static let noError = ResponseCode(number: 0)

    private static let names: [(name: String, number: Int)] = [
        ("NOERROR", 0), ("FORMERR", 1), ("SERVFAIL", 2), ("NXDOMAIN", 3), ("NOTIMP", 4), ("REFUSED", 5), ("YXDOMAIN", 6), ("YXRRSET", 7),
        ("NXRRSET", 8), ("NOTAUTH", 9), ("NOTZONE", 10), ("DSOTYPENI", 11), ("BADSIG", 16), ("BADKEY", 17), ("BADTIME", 18),
        ("BADMODE", 19), ("BADNAME", 20), ("BADALG", 21), ("BADTRUNC", 22), ("BADCOOKIE", 23),
        // Alternative names come last: they are accepted, but never printed.
        ("NOTIMPL", 4), ("BADVERS", 16),
    ]

    static var knownNames: [String] { names.map(\.name) }

    init(number: Int) { self.number = number }

    init?(_ name: String) {
        guard let known = Self.names.first(where: { $0.name == name.uppercased() }) else { return nil }
        number = known.number
    }

    var description: String { Self.names.first { $0.number == number }?.name ?? "RCODE\(number)" }
}
