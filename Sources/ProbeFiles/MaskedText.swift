import Probing

/// Writes settings as YAML for display, with the values of secrets and headers masked.
enum MaskedText {
    static func write(_ setting: Setting, under name: String) -> String {
        let masked = setting.masked(under: "")
        let text = Setting(.mapping([.init(key: name, keyLocation: setting.location, value: masked)]), at: setting.location).yaml
        return text.isEmpty ? "\(name): not shown\n" : text
    }
}
