extension Sequence where Element: Sendable, Self: Sendable {
    /// The results of the work on each element, in the order in which it ends.
    /// - Parameter limit: the most elements that are worked on at once. If the calling task is cancelled, no further work is begun.
    package func concurrentMap<Value: Sendable>(
        atMost limit: Int, _ work: @escaping @Sendable (Element) async -> Value
    ) async -> [Value] {
        await withTaskGroup(of: Value.self) { group in
            var rest = makeIterator()
            var values: [Value] = []
            func begin() {
                guard !Task.isCancelled, let element = rest.next() else { return }
                group.addTask { await work(element) }
            }
            for _ in 0..<limit { begin() }
            for await value in group {
                values.append(value)
                begin()
            }
            return values
        }
    }
}
