extension String {
    /// At most so many Unicode scalars of it: a character may consist of any number.
    package func shortened(to limit: Int) -> String {
        utf8.count <= limit ? self : String(String.UnicodeScalarView(unicodeScalars.prefix(limit)))
    }
}
