/// Gathers one answer as it comes: its headers, and its body, decoded and held to the request's bounds.
///
/// A body is taken a share at a time: what decoding it would cost beyond the share waits for the next.
struct AnswerReader {
    /// What one transfer may use in a turn of the engine: bytes of decoded body, and a kilobyte for each piece that it comes in.
    static let share = 256 << 10
    private static let costOfPiece = 1 << 10
    /// A body that becomes more than a thousand times what was sent is refused, once it is this large.
    private static let expansionBound = (factor: 1000, from: 16 << 20)

    /// Why an answer is not read to its end.
    enum Refusal {
        case headersTooLarge, bodyTooLarge, bodyExpands
        /// The body is not in the coding that the headers name, or the coding is not known.
        case undecodable(String)
        /// What is no part of an answer, HTTP/2 frames or TLS records, came without end.
        case flood
    }

    private let request: ExchangeRequest
    private(set) var headers: [HeaderField] = []
    private(set) var trailers: [HeaderField] = []
    private(set) var body: [UInt8] = []
    private(set) var bodyLength = 0
    private(set) var hasAllHeaders = false
    private(set) var refusal: Refusal?
    /// Of the first `Location`, with each byte that is not ASCII escaped; nil where there is none.
    private(set) var location: String?
    /// Part of what was received has not been decoded yet.
    private(set) var hasMore = false
    private var headerBytes = 0
    /// The body's, where the headers name one.
    private var length: UInt64?
    private var receivedBytes = 0
    private var decoder: ContentDecoder?

    init(_ request: ExchangeRequest) { self.request = request }

    // MARK: Headers

    /// Takes one header line, or several after a pause.
    /// - Returns: false where the answer is refused.
    mutating func takeHeaders(_ bytes: UnsafeRawBufferPointer) -> Bool {
        headerBytes += bytes.count
        guard headerBytes <= request.bounds.headers else { return refuse(.headersTooLarge) }
        for line in bytes.split(separator: 0x0A, omittingEmptySubsequences: false).dropLast() {
            guard takeHeader(line) else { return false }
        }
        return true
    }

    private mutating func takeHeader(_ line: Slice<UnsafeRawBufferPointer>) -> Bool {
        if line.starts(with: "HTTP/".utf8) {
            // A new header block: of the final answer after a 1xx one, or after the proxy's.
            headers = []
            hasAllHeaders = false
            location = nil
            length = nil
        } else if let field = HeaderField(line: line) {
            // Whatever comes after the block's end is a trailer, also where the body between is empty.
            if hasAllHeaders {
                trailers.append(field)
                return true
            }
            headers.append(field)
            if field.isNamed("content-length"), !takeLength(field.value) {
                return refuse(.undecodable("the answer's Content-Length is no number, or it has two that differ"))
            }
            if field.isNamed("location"), location == nil { location = Self.escaped(line) }
            // libcurl would undo it, asked for or not, without a bound.
            if field.isNamed("transfer-encoding"), !["chunked", "identity"].contains(field.value.lowercased()) {
                return refuse(.undecodable("the answer has the transfer coding '\(field.value)', which was not asked for"))
            }
        } else if line.allSatisfy({ $0 == 0x0D }) {
            hasAllHeaders = true
            return prepareDecoder()
        }
        return true
    }

    /// - Returns: false for what is no length, or another than was named before: nobody can tell where such an answer ends.
    private mutating func takeLength(_ text: String) -> Bool {
        let lengths = text.split(separator: ",").map { UInt64($0.filter { $0 != " " && $0 != "\t" }) }
        guard let first = lengths.first, let length = first, lengths.allSatisfy({ $0 == length }), length <= Int64.max else { return false }
        defer { self.length = length }
        return self.length.map { $0 == length } ?? true
    }

    private static func escaped(_ line: Slice<UnsafeRawBufferPointer>) -> String {
        let ascii = line.flatMap { byte in
            byte < 0x80 ? [byte] : Array("%".utf8) + String(byte, radix: 16, uppercase: true).utf8
        }
        return HeaderField(line: ascii)?.value ?? ""
    }

    private mutating func prepareDecoder() -> Bool {
        guard request.acceptedEncodings != nil else { return true }
        let codings = headers.filter { $0.isNamed("content-encoding") }.flatMap { $0.value.split(separator: ",") }
            .map { $0.filter { $0 != " " && $0 != "\t" } }.filter { !$0.isEmpty && $0.lowercased() != "identity" }
        guard let coding = codings.first else { return true }
        decoder = codings.count == 1 ? ContentDecoder(coding) : nil
        return decoder != nil || refuse(.undecodable("the answer's body has the content coding '\(codings.joined(separator: ", "))'"))
    }

    // MARK: Body

    /// Takes a piece of the body as it was sent, and what it costs from the share.
    /// - Returns: false where the answer is refused.
    mutating func takeBody(_ bytes: UnsafeRawBufferPointer, _ share: inout Int) -> Bool {
        receivedBytes += bytes.count
        share -= Self.costOfPiece
        guard let decoder else {
            share -= bytes.count
            return keep(bytes)
        }
        decoder.add(bytes)
        return decode(&share)
    }

    /// Decodes what has come, as far as the share goes.
    mutating func decode(_ share: inout Int) -> Bool {
        guard let decoder else { return true }
        hasMore = true
        return withUnsafeTemporaryAllocation(byteCount: 32 << 10, alignment: 1) { buffer in
            while share > 0 {
                guard let count = decoder.decode(into: buffer) else {
                    return refuse(.undecodable("the answer's body is not in its content coding"))
                }
                guard count > 0 else {
                    hasMore = false
                    return true
                }
                share -= count
                guard keep(UnsafeRawBufferPointer(rebasing: buffer[..<count])) else { return false }
                let (factor, from) = Self.expansionBound
                if bodyLength > from, bodyLength / factor > receivedBytes { return refuse(.bodyExpands) }
            }
            return true
        }
    }

    /// Looks at the body once more when all of it has been received.
    mutating func end() -> Bool {
        var share = Int.max
        guard decode(&share) else { return false }
        return decoder?.isComplete ?? true || refuse(.undecodable("the answer's compressed body ends early"))
    }

    private mutating func keep(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let kept = min(bytes.count, request.bounds.body - bodyLength)
        bodyLength += kept
        if request.keepsBody {
            // No more is taken from the system than the answer may hold.
            let needed = body.count + kept
            if needed > body.capacity { body.reserveCapacity(min(max(needed, 2 * body.capacity), request.bounds.body)) }
            body.append(contentsOf: bytes[..<kept])
        }
        return kept == bytes.count || refuse(.bodyTooLarge)
    }

    private mutating func refuse(_ refusal: Refusal) -> Bool {
        self.refusal = refusal
        hasMore = false
        return false
    }
}
