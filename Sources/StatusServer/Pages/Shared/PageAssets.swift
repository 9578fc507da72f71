/// The files that pages load from the agent itself.
enum PageAssets {
    static let style = SharedText(PackageResources.page_css)
    static let script = SharedText(PackageResources.page_js)

    /// FNV-1a of both.
    static let version: String = {
        let hash = (style.bytes + script.bytes).reduce(UInt64(0xcbf2_9ce4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        return String(hash, radix: 36)
    }()
}
