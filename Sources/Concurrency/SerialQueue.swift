/// Runs asynchronous work one piece at a time, in the order in which it arrives here.
package actor SerialQueue {
    private var last: Task<Void, Never>?

    package init() {}

    /// Returns when the work, and all work queued before it, has ended. It runs to its end even if the calling task is cancelled.
    /// - Throws: what the work throws.
    package func run<Value: Sendable, Failure: Error>(
        _ work: @escaping @Sendable () async throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        let before = last
        let task = Task<Result<Value, Failure>, Never> {
            await before?.value
            do throws(Failure) { return .success(try await work()) } catch { return .failure(error) }
        }
        last = Task { _ = await task.value }
        return try await task.value.get()
    }
}
