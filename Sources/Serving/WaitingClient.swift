package import NIOCore

extension Channel {
    /// Runs the operation on the channel's event loop, and cancels it if the client closes its side of the connection meanwhile.
    ///
    /// On a channel without limits (see `HTTPServerBuilder.deferred`) the operation is never cancelled because of the client.
    package func whileClientWaits<Value: Sendable>(_ operation: @escaping @Sendable () async -> Value) async -> Value {
        guard let record = await record else { return await operation() }
        let task = Task(executorPreference: LoopExecutor(eventLoop)) { await operation() }
        record.onLeave { task.cancel() }
        defer { record.onLeave(nil) }
        return await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            task.cancel()
        }
    }

    private var record: ConnectionRecord? {
        get async {
            if eventLoop.inEventLoop { return ConnectionRecord.of(self) }
            return try? await eventLoop.submit { ConnectionRecord.of(self) }.get()
        }
    }
}

extension ConnectionRecord {
    /// The record of a channel; nil if it has none. Called on the channel's event loop.
    fileprivate static func of(_ channel: some Channel) -> ConnectionRecord? {
        try? channel.pipeline.syncOperations.handler(type: RequestWatch.self).record
    }
}
