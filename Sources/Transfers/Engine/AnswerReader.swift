/// Reads one response as it is received: its headers, and its body, decoded and checked against the request's bounds.
///
/// A body is decoded one share at a time: what exceeds the share is decoded in a later turn.
struct AnswerReader {
    /// What one transfer may use in one turn of the engine: bytes of decoded body, and a kilobyte per received piece.
    static let share = 256 << 10
    private static let costOfPiece = 1 << 10
    /// A body larger than `from` bytes is refused if it is more than `factor` times as large as what was received.
    private static let expansionBound = (factor: 1000, from: 16 << 20)

    /// Why a response is not read to its end.
    enum Refusal {
        case headersTooLarge, bodyTooLarge, bodyExpands
        /// The body does not match its content coding, or the coding is not supported.
        case undecodable(String)
        /// An endless stream of HTTP/2 frames or TLS records that are not part of a response was received.
        case flood
    }

    private let request: ExchangeRequest
    private(set) var headers: [HeaderField] = []
    private(set) var trailers: [HeaderField] = []
    private(set) var body: [UInt8] = []
    private(set) var bodyLength = 0
    private(set) var hasAllHeaders = false
    /// Whether the header block received last is that of an interim (1xx) response, which another one follows; not so 101.
    private(set) var isInterim = false
    private(set) var refusal: Refusal?
    /// The first `Location`, with non-ASCII bytes escaped; nil if there is none.
    private(set) var location: String?
    /// Whether received bytes have not been decoded yet.
    private(set) var hasMore = false
    private var headerBytes = 0
    private var headerLines = 0
    /// The lines of the header block that is being received, without the status line.
    private var block: [UInt8] = []
    /// The Content-Length; nil if there is none.
    private var length: UInt64?
    private var receivedBytes = 0
    private var decoder: ContentDecoder?

    init(_ request: ExchangeRequest) { self.request = request }

    // MARK: Headers

    /// Processes one header line, or several after a pause. Fields are only parsed once their block is complete: a peer that sends endless
    /// lines costs little.
    /// - Returns: false if the response is refused.
    mutating func takeHeaders(_ bytes: UnsafeRawBufferPointer) -> Bool {
        headerBytes += bytes.count
        guard headerBytes <= request.bounds.headers else { return refuse(.headersTooLarge) }
        var rest = bytes[...]
        while let end = rest.firstIndex(of: 0x0A) {
            headerLines += 1
            guard headerLines <= request.bounds.headerLines else { return refuse(.headersTooLarge) }
            let line = rest[...end]
            rest = rest[(end + 1)...]
            if line.starts(with: "HTTP/".utf8) {
                // A new header block: of the final response after a 1xx response or after the proxy's.
                (block, headers, location, length) = ([], [], nil, nil)
                hasAllHeaders = false
                let status = line.drop { $0 != 0x20 }.drop { $0 == 0x20 }
                isInterim = status.first == 0x31 && !status.starts(with: "101".utf8)
            } else if line.first == 0x0A || line.first == 0x0D {
                // As libcurl has it.
                guard endBlock() else { return false }
            } else {
                block.append(contentsOf: line)
            }
        }
        return true
    }

    /// Parses the fields received since the last block: the headers, then, even if the body is empty, the trailers.
    private mutating func endBlock() -> Bool {
        let lines = takeLines()
        if isInterim { return true }
        guard !hasAllHeaders else {
            trailers += lines.compactMap { HeaderField(line: $0) }
            return true
        }
        for line in lines {
            guard let field = HeaderField(line: line) else { continue }
            headers.append(field)
            if field.isNamed("content-length"), !takeLength(field.value) {
                return refuse(.undecodable("the response has an invalid Content-Length, or several that differ"))
            }
            if field.isNamed("location"), location == nil { location = Self.escaped(line) }
            // libcurl would decode it without a limit, even if it was not requested.
            if field.isNamed("transfer-encoding"), !["chunked", "identity"].contains(field.value.lowercased()) {
                return refuse(.undecodable("the response has the transfer coding '\(field.value)', which was not requested"))
            }
        }
        hasAllHeaders = true
        return prepareDecoder()
    }

    /// The lines received since the last block. A line that begins with white space continues the one before it.
    private mutating func takeLines() -> [[UInt8]] {
        defer { block = [] }
        let isSpace: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }
        var lines: [[UInt8]] = []
        for line in block.split(separator: 0x0A) {
            guard isSpace(line[line.startIndex]), !lines.isEmpty else {
                lines.append(Array(line))
                continue
            }
            // In place: copying what came before for each line would take quadratic time.
            let last = lines.count - 1
            while lines[last].last.map(isSpace) ?? false { lines[last].removeLast() }
            lines[last].append(0x20)
            lines[last].append(contentsOf: line.drop(while: isSpace))
        }
        return lines
    }

    /// - Returns: false if the length is invalid or differs from an earlier one: the end of such a response is ambiguous.
    private mutating func takeLength(_ text: String) -> Bool {
        let lengths = text.split(separator: ",").map { UInt64($0.filter { $0 != " " && $0 != "\t" }) }
        guard let first = lengths.first, let length = first, lengths.allSatisfy({ $0 == length }), length <= Int64.max else { return false }
        defer { self.length = length }
        return self.length.map { $0 == length } ?? true
    }

    private static func escaped(_ line: [UInt8]) -> String {
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
        let names = codings.joined(separator: ", ")
        return decoder != nil || refuse(.undecodable("the response body has the unsupported content coding '\(names)'"))
    }

    // MARK: Body

    /// Processes a piece of the body as received, and deducts its cost from the share.
    /// - Returns: false if the response is refused.
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

    /// Decodes received bytes until the share is used up.
    mutating func decode(_ share: inout Int) -> Bool {
        guard let decoder else { return true }
        hasMore = true
        return withUnsafeTemporaryAllocation(byteCount: 32 << 10, alignment: 1) { buffer in
            while share > 0 {
                guard let count = decoder.decode(into: buffer) else {
                    return refuse(.undecodable("the response body does not match its content coding"))
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

    /// Parses the lines of a block that was not received to its end.
    mutating func takeRest() {
        let fields = takeLines().compactMap { HeaderField(line: $0) }
        if hasAllHeaders { trailers += fields } else { headers += fields }
    }

    /// Parses the trailers, decodes the rest of the body and checks that it is complete, after all of it has been received.
    mutating func end() -> Bool {
        guard block.isEmpty || endBlock() else { return false }
        var share = Int.max
        guard decode(&share) else { return false }
        return decoder?.isComplete ?? true || refuse(.undecodable("the compressed response body is truncated"))
    }

    private mutating func keep(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let kept = min(bytes.count, request.bounds.body - bodyLength)
        bodyLength += kept
        if request.keepsBody {
            // Never reserves more memory than the maximum size of the body.
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
