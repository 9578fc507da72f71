import CBrotli
import CZlib

/// Undoes one content coding of HTTP, a piece at a time: input is kept until its output has been taken.
///
/// Used by one thread at a time.
final class ContentDecoder {
    private enum Coding {
        case gzip(Inflation)
        /// zlib's format, or bare deflate, as its first two bytes say; nil until they have come.
        case deflate(Inflation?)
        case brotli(BrotliDecompression)
    }

    private enum Progress { case notBegun, within, ended }

    private var coding: Coding
    private var progress = Progress.notBegun
    private var input: [UInt8] = []
    private var consumed = 0

    /// - Parameter name: as `Content-Encoding` writes it.
    /// - Returns: nil for a coding that is not known.
    init?(_ name: String) {
        switch name.lowercased() {
        case "gzip", "x-gzip": coding = .gzip(Inflation(windowBits: 31))
        case "deflate": coding = .deflate(nil)
        case "br": coding = .brotli(BrotliDecompression())
        default: return nil
        }
    }

    /// Whether all that came is whole and has been decoded; so is a body without a byte.
    var isComplete: Bool { progress != .within && consumed == input.count }

    func add(_ bytes: UnsafeRawBufferPointer) {
        input.removeFirst(consumed)
        consumed = 0
        input.append(contentsOf: bytes)
    }

    /// Decodes what fits into the buffer.
    /// - Returns: how many bytes were written, 0 when more input is needed; nil when the input is not in the coding.
    func decode(into buffer: UnsafeMutableRawBufferPointer) -> Int? {
        input.withUnsafeBufferPointer { input in
            var rest = input[consumed...]
            defer { consumed = rest.startIndex }
            while progress == .within || !rest.isEmpty {
                let step: DecodingStep
                switch coding {
                case .gzip(let inflation):
                    // A further member may follow the end of one.
                    if progress == .ended { inflation.restart() }
                    step = inflation.step(&rest, buffer)
                case .deflate where progress == .ended:
                    // As Go and browsers do, what follows the end is passed over.
                    rest = rest[rest.endIndex...]
                    continue
                case .deflate(let inflation?): step = inflation.step(&rest, buffer)
                case .deflate(nil):
                    guard let first = rest.first, let second = rest.dropFirst().first else { return 0 }
                    let isZlib = first & 0xF == 8 && (Int(first) << 8 | Int(second)) % 31 == 0
                    coding = .deflate(Inflation(windowBits: isZlib ? 15 : -15))
                    continue
                case .brotli where progress == .ended: return nil
                case .brotli(let decompression): step = decompression.step(&rest, buffer)
                }
                if step.isMalformed { return nil }
                progress = step.isEnd ? .ended : .within
                if step.written > 0 { return step.written }
                if step.taken == 0, !step.isEnd { return 0 }
            }
            return 0
        }
    }
}

/// What one call of a decompressor came to.
private struct DecodingStep {
    var taken = 0
    var written = 0
    var isEnd = false
    var isMalformed = false
}

/// zlib's state.
private final class Inflation {
    private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    private let isReady: Bool

    init(windowBits: Int32) {
        stream.initialize(to: z_stream())
        isReady = agent_inflate_begin(stream, windowBits) == Z_OK
    }

    deinit {
        if isReady { inflateEnd(stream) }
        stream.deallocate()
    }

    func restart() { if isReady { inflateReset(stream) } }

    func step(_ input: inout Slice<UnsafeBufferPointer<UInt8>>, _ buffer: UnsafeMutableRawBufferPointer) -> DecodingStep {
        guard isReady else { return DecodingStep(isMalformed: true) }
        let bytes = UnsafeBufferPointer(rebasing: input)
        stream.pointee.next_in = UnsafeMutablePointer(mutating: bytes.baseAddress)
        stream.pointee.avail_in = UInt32(bytes.count)
        stream.pointee.next_out = buffer.bindMemory(to: UInt8.self).baseAddress
        stream.pointee.avail_out = UInt32(buffer.count)
        let result = inflate(stream, Z_NO_FLUSH)
        let taken = bytes.count - Int(stream.pointee.avail_in)
        input = input.dropFirst(taken)
        return DecodingStep(
            taken: taken, written: buffer.count - Int(stream.pointee.avail_out), isEnd: result == Z_STREAM_END,
            isMalformed: ![Z_OK, Z_STREAM_END, Z_BUF_ERROR].contains(result))
    }
}

/// Brotli's state.
private final class BrotliDecompression {
    private let state = BrotliDecoderCreateInstance(nil, nil, nil)

    deinit { BrotliDecoderDestroyInstance(state) }

    func step(_ input: inout Slice<UnsafeBufferPointer<UInt8>>, _ buffer: UnsafeMutableRawBufferPointer) -> DecodingStep {
        guard let state else { return DecodingStep(isMalformed: true) }
        let bytes = UnsafeBufferPointer(rebasing: input)
        var (left, room) = (bytes.count, buffer.count)
        var (next, output) = (bytes.baseAddress, buffer.bindMemory(to: UInt8.self).baseAddress)
        let result = BrotliDecoderDecompressStream(state, &left, &next, &room, &output, nil)
        let taken = bytes.count - left
        input = input.dropFirst(taken)
        return DecodingStep(
            taken: taken, written: buffer.count - room, isEnd: result == BROTLI_DECODER_RESULT_SUCCESS,
            isMalformed: result == BROTLI_DECODER_RESULT_ERROR)
    }
}
