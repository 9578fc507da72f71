/// The gRPC status of a call.
struct GRPCStatus: Sendable, Hashable {
    var number: Int

    static let ok = GRPCStatus(number: 0)
    static let unknown = GRPCStatus(number: 2)
    static let deadlineExceeded = GRPCStatus(number: 4)
    static let notFound = GRPCStatus(number: 5)
    static let unimplemented = GRPCStatus(number: 12)
    static let unavailable = GRPCStatus(number: 14)

    private static let names = [
        "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED",
        "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS",
        "UNAUTHENTICATED",
    ]

    /// The name in gRPC's documentation: `NOT_FOUND`.
    var name: String { Self.names.indices.contains(number) ? Self.names[number] : "status \(number)" }

    init(number: Int) { self.number = number }

    /// The status that gRPC clients derive from the HTTP status of a response that is not gRPC.
    init(http: Int) {
        switch http {
        case 400: number = 13
        case 401: number = 16
        case 403: number = 7
        case 404: number = 12
        case 429, 502, 503, 504: number = 14
        default: number = 2
        }
    }
}
