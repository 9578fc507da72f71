package import FoundationEssentials
package import Probing

/// A probe of a definition that is not defined here, and why.
package struct Absence: Sendable {
    package var definition: ProbeDefinition
    package var why: NotDefined
    /// When this was determined; it is cached until a restart.
    package var decided: Date

    package init(definition: ProbeDefinition, why: NotDefined, decided: Date) {
        self.definition = definition
        self.why = why
        self.decided = decided
    }
}
