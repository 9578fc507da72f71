import HealthManager
import Synchronization
import Testing

@Suite struct ProbeThreadsTests {
    private final class Runs: Sendable { let second = Atomic(false) }

    @Test("a job that comes just before another blocks its thread is run beside it, though no run is watched")
    func beside() async {
        for _ in 0..<200 {
            let runs = Runs()
            let isRun = await Task(executorPreference: ProbeThreads.shared) {
                // Other threads have something to do, and end it, as in use.
                Task(executorPreference: ProbeThreads.shared) {}
                Task(executorPreference: ProbeThreads.shared) { runs.second.store(true, ordering: .releasing) }
                let begin = ContinuousClock.now
                while !runs.second.load(ordering: .acquiring) {
                    if ContinuousClock.now - begin > .seconds(60) { return false }
                }
                return true
            }.value
            #expect(isRun)
            if !isRun { return }
        }
    }
}
