package import Monitoring

/// The response to `POST /api/v1/invoke`: a result for each place where the probe ran, a refusal for each where it could not run.
package struct InvokeAnswer: Codable, Sendable {
    /// Sorted by probe and server.
    package var results: [ResultDocument]
    package var refusals: [InvokeResults.Refusal]
    /// For standard error: `note: 1 of 6 servers; --all-servers runs the rest`.
    package var notes: [String]

    package init(_ invocation: InvokeResults) {
        results = invocation.results.map { ResultDocument($0) }
        refusals = invocation.refusals
        notes = invocation.notes
    }
}
