import CZlib

/// Gzip compression in pieces: unchanged pieces are compressed once and can be joined with others repeatedly.
package enum Gzip {
    /// A complete gzip stream.
    /// - Returns: nil if zlib reports an error.
    package static func compress(_ bytes: [UInt8]) -> [UInt8]? { piece(bytes).map { join([$0]) } }

    /// Compressed data that further pieces can follow.
    struct Piece: Sendable {
        fileprivate var deflated: [UInt8]
        fileprivate var checksum: UInt
        fileprivate var length: Int
    }

    /// Compresses at zlib's fastest level.
    /// - Returns: nil if zlib reports an error.
    static func piece(_ bytes: some Sequence<UInt8>) -> Piece? {
        var input = Array(bytes)
        var stream = z_stream()
        guard agent_deflate_begin(&stream) == Z_OK else { return nil }
        defer { deflateEnd(&stream) }
        // The flush can exceed the bound by five bytes and an empty block.
        var output = [UInt8](repeating: 0, count: Int(deflateBound(&stream, UInt(input.count))) + 16)
        let count = input.count
        let status = input.withUnsafeMutableBufferPointer { source in
            output.withUnsafeMutableBufferPointer { target in
                stream.next_in = source.baseAddress
                stream.avail_in = UInt32(source.count)
                stream.next_out = target.baseAddress
                stream.avail_out = UInt32(target.count)
                return deflate(&stream, Z_SYNC_FLUSH)
            }
        }
        guard status == Z_OK, stream.avail_in == 0, stream.avail_out > 0 else { return nil }
        return Piece(deflated: Array(output.prefix(Int(stream.total_out))), checksum: crc32(0, input, UInt32(count)), length: count)
    }

    /// Joins the pieces, in order, into one gzip stream (RFC 1952).
    static func join(_ pieces: [Piece]) -> [UInt8] {
        var joined: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF]
        joined.reserveCapacity(pieces.reduce(32) { $0 + $1.deflated.count })
        var checksum: UInt = 0
        var length = 0
        for piece in pieces {
            joined += piece.deflated
            checksum = crc32_combine(checksum, piece.checksum, piece.length)
            length += piece.length
        }
        // An empty final block, then the trailer: CRC-32 and length.
        joined += [0x03, 0x00]
        for number in [UInt32(truncatingIfNeeded: checksum), UInt32(truncatingIfNeeded: length)] {
            withUnsafeBytes(of: number.littleEndian) { joined += $0 }
        }
        return joined
    }
}
