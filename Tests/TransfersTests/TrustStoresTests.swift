import FoundationEssentials
import Glibc
import TestSupport
import Testing
import Transfers

@testable import Lab

@Suite struct TrustStoresTests {
    @Test("a file is read once while it stays as it is, and again once all is forgotten")
    func once() async throws {
        let directory = try TemporaryDirectory()
        let file = try directory.write("ca.pem", try LabAuthority(commonName: "Root").rootPEM)
        let roots = TrustedRoots(includesSystem: false, file: file)
        let stores = TrustStores()
        // What was written a moment ago may be written again.
        let isKept = await eventually(within: .seconds(60)) {
            guard let first = try? stores.store(roots), let second = try? stores.store(roots) else { return false }
            return first === second
        }
        #expect(isKept)
        let known = try stores.store(roots)
        stores.clear()
        #expect(try stores.store(roots) !== known)
        #expect(try stores.store(.system) === stores.store(.system))
    }

    @Test("what is no file of roots is refused at once, and named")
    func refused() throws {
        let directory = try TemporaryDirectory()
        let pipe = directory.path + "/pipe"
        #expect(mkfifo(pipe, 0o600) == 0)
        let huge = directory.path + "/huge"
        let descriptor = open(huge, O_WRONLY | O_CREAT, 0o600)
        #expect(ftruncate(descriptor, 1 << 40) == 0)
        close(descriptor)
        for path in [pipe, huge, directory.path, "/dev/zero", directory.path + "/none", ""] {
            let error = #expect(throws: TrustStore.Unusable.self) {
                try TrustStores().store(TrustedRoots(includesSystem: true, file: path))
            }
            #expect(error?.description.contains(path) == true)
        }
    }
}
