import Concurrency
import Glibc
import TestSupport
import Testing

@Suite struct ThreadExecutorTests {
    private actor Counter {
        private let thread = ThreadExecutor("test")
        nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }
        private(set) var threads: Set<pthread_t> = []
        private(set) var count = 0

        func add() async {
            let before = count
            threads.insert(pthread_self())
            count = before + 1
            await Task.yield()
            threads.insert(pthread_self())
        }
    }

    @Test("an actor's work is done one after the other, on one thread that is none of its callers'")
    func oneThread() async {
        let counter = Counter()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<1000 { group.addTask { await counter.add() } }
        }
        #expect(await counter.count == 1000)
        #expect(await counter.threads.count == 1)
        #expect(await counter.threads != [pthread_self()])
    }

    @Test("its thread ends with it, and with no work left undone")
    func ends() async {
        weak var last: ThreadExecutor?
        for _ in 0..<2000 {
            let executor = ThreadExecutor("test")
            last = executor
            let done = await withTaskExecutorPreference(executor) {
                await Task.yield()
                return true
            }
            #expect(done)
        }
        #expect(await eventually(within: .seconds(60)) { last == nil && Self.threads < 1000 })
    }

    /// Threads of this process.
    private static var threads: Int {
        guard let folder = opendir("/proc/self/task") else { return 0 }
        defer { closedir(folder) }
        var count = 0
        while readdir(folder) != nil { count += 1 }
        return count
    }
}
