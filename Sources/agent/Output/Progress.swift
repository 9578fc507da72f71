/// Prints a note to standard error if an operation takes longer than two seconds.
enum Progress {
    static func shown<Value: Sendable, Failure: Error>(
        _ what: String, _ work: @Sendable () async throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        let hint = Task {
            guard (try? await Task.sleep(for: .seconds(2))) != nil else { return }
            Console.note("still \(what) ...")
        }
        defer { hint.cancel() }
        return try await work()
    }
}
