package import FoundationEssentials

/// What a directory says of a file; a link is not followed.
package struct FileStatus {
    package var type: FileAttributeType?
    package var permissions: Int
    /// The number of its group.
    package var group: Int

    /// Nil if there is no such file.
    package init?(_ path: String) {
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: path) else { return nil }
        func number(_ key: FileAttributeKey) -> Int { attributes[key].flatMap { Int("\($0)") } ?? -1 }
        type = attributes[.type] as? FileAttributeType
        permissions = number(.posixPermissions)
        group = number(.groupOwnerAccountID)
    }
}
