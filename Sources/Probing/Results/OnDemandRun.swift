/// One run requested with `/probe`.
package struct OnDemandRun: Sendable {
    /// Sequence number, starting at 1 when the agent starts.
    package var id: Int
    package var module: Module
    /// Without credentials.
    package var target: String
    /// The time limit of the run.
    package var timeout: Duration
    package var result: ProbeResult

    package init(id: Int, module: Module, target: String, timeout: Duration, result: ProbeResult) {
        self.id = id
        self.module = module
        self.target = target
        self.timeout = timeout
        self.result = result
    }

    package var isSuccess: Bool { result.type == .succeeded }
}
