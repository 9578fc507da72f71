/// The JSON body of an API error.
package struct ErrorDocument: Codable, Sendable {
    package var error: String

    package init(error: String) { self.error = error }
}

/// The response to `POST /-/restart?wait=`: the probes that still have no result after the wait.
package struct WaitingDocument: Codable, Sendable {
    package var waiting: [String]

    package init(waiting: [String]) { self.waiting = waiting }
}
