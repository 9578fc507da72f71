import CBrotli
import CZlib

/// Decodes one HTTP content coding incrementally: input is kept until its output has been read.
///
/// Used by one thread at a time.
final class ContentDecoder {
    private enum Coding {
        case gzip(Inflation)
        /// zlib format or raw deflate, depending on the first two bytes; nil until they have been received.
        case deflate(Inflation?)
        case brotli(BrotliDecompression)
    }

    private enum Progress { case notBegun, within, ended }

    private var coding: Coding
    private var progress = Progress.notBegun
    private var input: [UInt8] = []
    private var consumed = 0

    /// - Parameter name: the value of `Content-Encoding`.
    /// - Returns: nil for an unsupported coding.
    init?(_ name: String) {
        switch name.lowercased() {
        case "gzip", "x-gzip": coding = .gzip(Inflation(windowBits: 31))
        case "deflate": coding = .deflate(nil)
        case "br": coding = .brotli(BrotliDecompression())
        default: return nil
        }
    }

    /// Whether all input has been decoded and is complete; true for an empty body.
    var isComplete: Bool { progress != .within && consumed == input.count }

    func add(_ bytes: UnsafeRawBufferPointer) {
        input.removeFirst(consumed)
        consumed = 0
        input.append(contentsOf: bytes)
    }

    /// Decodes as much as fits into the buffer.
    /// - Returns: the number of bytes written, 0 if more input is needed; nil if the input is malformed.
    func decode(into buffer: UnsafeMutableRawBufferPointer) -> Int? {
        input.withUnsafeBufferPointer { input in
            var rest = input[consumed...]
            defer { consumed = rest.startIndex }
            while progress == .within || !rest.isEmpty {
                let step: DecodingStep
                switch coding {
                case .gzip(let inflation):
                    // Another member may follow.
                    if progress == .ended { inflation.restart() }
                    step = inflation.step(&rest, buffer)
                case .deflate where progress == .ended:
                    // Trailing bytes are ignored, as in Go and browsers.
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

/// The result of one call of a decompressor.
private struct DecodingStep {
    var taken = 0
    var written = 0
    var isEnd = false
    var isMalformed = false
}

/// A zlib stream.
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

/// A Brotli stream.
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
