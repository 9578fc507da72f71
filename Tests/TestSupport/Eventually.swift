/// Asks again and again whether something outside this process has come true, within a limit.
///
/// For other programs' states alone: what happens in this process is awaited.
package func eventually(
    within limit: Duration, every pause: Duration = .milliseconds(100), _ isTrue: () async throws -> Bool
) async rethrows -> Bool {
    let clock = ContinuousClock()
    let end = clock.now + limit
    while clock.now < end {
        if try await isTrue() { return true }
        try? await clock.sleep(until: min(end, clock.now + pause), tolerance: .zero)
    }
    return try await isTrue()
}
