import ArgumentParser
import Probing

/// A duration on the command line, such as `5s` or `2m`, of an option that took seconds before: a number alone still is these.
struct SecondsArgument: ExpressibleByArgument {
    let seconds: Double

    init?(argument: String) {
        guard let seconds = Double(argument) ?? DurationText.parse(argument)?.seconds else { return nil }
        self.seconds = seconds
    }
}
