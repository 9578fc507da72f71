/// The files that pages load from the agent itself.
enum PageAssets {
    static let style = PackageResources.page_css
    static let script = PackageResources.page_js

    /// FNV-1a of both.
    static let version: String = {
        let hash = (style + script).reduce(UInt64(0xcbf2_9ce4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        return String(hash, radix: 36)
    }()
}
