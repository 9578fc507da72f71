/// Text that equals only text of the same bytes. Two strings are equal if they look alike, `é` as one character and as `e` with an accent: for
/// a server, the two are different URLs.
package struct ExactText: Sendable, Hashable {
    package let text: String

    package init(_ text: String) { self.text = text }

    package static func == (left: ExactText, right: ExactText) -> Bool { left.text.utf8.elementsEqual(right.text.utf8) }
}
