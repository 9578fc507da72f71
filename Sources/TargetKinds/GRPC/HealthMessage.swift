import Probing

/// Encodes and decodes the messages of `grpc.health.v1`, with gRPC framing.
enum HealthMessage {
    /// `HealthCheckRequest`: field 1 is the service's name.
    static func request(service: String) -> [UInt8] {
        let name = Array(service.utf8)
        let message = name.isEmpty ? [] : [0x0A] + varint(UInt64(name.count)) + name
        let size = UInt32(message.count)
        return [0, UInt8(size >> 24), UInt8(size >> 16 & 0xFF), UInt8(size >> 8 & 0xFF), UInt8(size & 0xFF)] + message
    }

    /// Field 1 of `HealthCheckResponse`, 0 if it is absent; nil if the body is not exactly one complete message.
    static func status(in body: [UInt8]) -> UInt64? {
        guard body.count >= 5, body[0] == 0 else { return nil }
        let size = body[1..<5].reduce(0) { $0 << 8 | Int($1) }
        var rest = body[5...]
        guard rest.count == size else { return nil }
        var status: UInt64 = 0
        while !rest.isEmpty {
            guard let tag = takeVarint(&rest) else { return nil }
            switch tag & 7 {
            case 0:
                guard let value = takeVarint(&rest) else { return nil }
                if tag >> 3 == 1 { status = value }
            case 1 where rest.count >= 8: rest = rest.dropFirst(8)
            case 2:
                guard let length = takeVarint(&rest), length <= UInt64(rest.count) else { return nil }
                rest = rest.dropFirst(Int(length))
            case 5 where rest.count >= 4: rest = rest.dropFirst(4)
            default: return nil
            }
        }
        return status
    }

    static func serving(_ status: UInt64) -> GRPCFacts.Serving? {
        switch status {
        case 0: .unknown
        case 1: .serving
        case 2: .notServing
        case 3: .serviceUnknown
        default: nil
        }
    }

    private static func varint(_ value: UInt64) -> [UInt8] {
        var value = value
        var bytes: [UInt8] = []
        while value >= 0x80 {
            bytes.append(UInt8(value & 0x7F) | 0x80)
            value >>= 7
        }
        return bytes + [UInt8(value)]
    }

    private static func takeVarint(_ bytes: inout ArraySlice<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: 0, to: 64, by: 7) {
            guard let byte = bytes.popFirst() else { return nil }
            value |= UInt64(byte & 0x7F) << UInt64(shift)
            if byte & 0x80 == 0 { return value }
        }
        return nil
    }
}
