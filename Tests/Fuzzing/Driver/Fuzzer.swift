import Fuzzing
import Glibc

/// libFuzzer's entry: runs the fuzzer that the environment names in `FUZZER`. Without one, all names are printed.
@_cdecl("LLVMFuzzerTestOneInput")
package func runFuzzer(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    chosen([UInt8](UnsafeBufferPointer(start: start, count: count)))
    return 0
}

private let chosen: @Sendable ([UInt8]) -> Void = {
    let name = getenv("FUZZER").map { String(cString: $0) } ?? ""
    guard let fuzzer = fuzzers[name] else {
        print("FUZZER is '\(name)': one of \(fuzzers.keys.sorted().joined(separator: " "))")
        // libFuzzer takes any other exit for a finding.
        fflush(nil)
        _exit(2)
    }
    return fuzzer
}()
