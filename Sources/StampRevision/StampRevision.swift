import Foundation
import PackagePlugin

/// Writes the commit that is built into a source file of the target; `unknown` outside a repository. An unchanged file keeps its date, so that
/// nothing is compiled again.
@main struct StampRevision: BuildToolPlugin {
    private static let script = """
        revision=unknown
        if [ "$(git -C "$1" rev-parse --show-toplevel 2>/dev/null)" = "$(realpath "$1")" ]; then
            revision=$(GIT_OPTIONAL_LOCKS=0 git -C "$1" describe --always --abbrev=12 --dirty 2>/dev/null || echo unknown)
        fi
        mkdir -p "$2" && line="enum Revision { static let current = \\"$revision\\" }"
        [ "$(cat "$2/Revision.swift" 2>/dev/null)" = "$line" ] || echo "$line" > "$2/Revision.swift"
        """

    func createBuildCommands(context: PluginContext, target: any Target) -> [Command] {
        let output = context.pluginWorkDirectoryURL.appending(path: "Revision")
        return [
            .prebuildCommand(
                displayName: "Stamp the revision", executable: URL(fileURLWithPath: "/bin/sh"),
                arguments: ["-c", Self.script, "sh", context.package.directoryURL.path, output.path], outputFilesDirectory: output)
        ]
    }
}
