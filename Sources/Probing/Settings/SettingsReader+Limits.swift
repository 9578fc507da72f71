extension SettingsReader {
    /// `warnBelow` and `failBelow`; nil where absent. An error is noted if it would fail before it warns.
    /// - Parameter defaults: what counts where one is absent; nil: what the reader does not know.
    package func limits(
        default defaults: (warnBelow: Duration?, failBelow: Duration?) = (nil, nil)
    ) -> (warnBelow: Duration?, failBelow: Duration?) {
        let (warn, fail) = (duration("warnBelow"), duration("failBelow"))
        if let first = warn ?? defaults.warnBelow, let last = fail ?? defaults.failBelow, last > first {
            error(
                "'failBelow' must not be longer than 'warnBelow': it would fail before it warns",
                at: location(of: has("failBelow") ? "failBelow" : "warnBelow"))
        }
        return (warn, fail)
    }
}
