/// The result of reading one list.
package enum ListReading: Sendable {
    /// It has not changed since the last reading.
    case unchanged
    /// The targets as listed, the stamp of this state of the list, and one sentence on the entries that are not valid targets, if any.
    case targets([String], ListStamp, leftOut: String? = nil)
}

/// Identifies a state of a list: if it is equal, the list need not be read again.
package struct ListStamp: Sendable, Hashable {
    private let marks: [Int]

    package init(marks: [Int]) { self.marks = marks }

    package init(of bytes: [UInt8]) { marks = [bytes.count, bytes.hashValue] }
}

/// The list cannot be read; the description is one sentence with the list and the location of the problem.
package struct ListUnreadable: Error, CustomStringConvertible {
    package var description: String
    /// The stamp of the invalid state, which need not be read again; nil if reading should be retried.
    package var stamp: ListStamp?

    package init(_ sentence: String, at stamp: ListStamp? = nil) {
        description = sentence
        self.stamp = stamp
    }
}
