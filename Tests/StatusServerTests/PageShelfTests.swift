import Synchronization
import Testing

@testable import StatusServer

/// Texts that are rendered for many readers at once.
@Suite struct PageShelfTests {
    private final class Counter: Sendable {
        private let count = Mutex(0)

        func next() -> Int {
            count.withLock { count in
                count += 1
                return count
            }
        }
        var value: Int { count.withLock(\.self) }
    }

    @Test("who asks while a text is being rendered waits for it, unless it is about an older state")
    func together() async {
        let shelf = PageShelf<String>()
        let rendered = Counter()
        let (gate, opener) = AsyncStream.makeStream(of: Void.self)
        let (begun, beginner) = AsyncStream.makeStream(of: Void.self)
        await withTaskGroup(of: [UInt8].self) { group in
            group.addTask {
                await shelf.page("a", version: 1, at: .zero) {
                    beginner.finish()
                    for await _ in gate {}
                    return "first \(rendered.next())"
                }.bytes
            }
            for await _ in begun {}
            #expect(await shelf.page("a", version: 2, at: .seconds(5)) { "second \(rendered.next())" }.bytes == Array("second 1".utf8))
            for _ in 0..<20 {
                group.addTask { await shelf.page("a", version: 1, at: .seconds(10)) { "again \(rendered.next())" }.bytes }
            }
            for _ in 0..<100_000 where shelf.waiting < 20 { await Task.yield() }
            opener.finish()
            for await text in group { #expect(text == Array("first 2".utf8)) }
        }
        #expect(rendered.value == 2 && shelf.waiting == 0)
    }

    @Test("a text is kept for two seconds while nothing changes, and 200 ms if something does; a very large one is not")
    func kept() async {
        let shelf = PageShelf<String>()
        let rendered = Counter()
        func page(_ version: Int, at milliseconds: Int, size: Int = 10) async -> Int {
            let before = rendered.value
            _ = await shelf.page("\(size)", version: version, at: .milliseconds(milliseconds)) {
                _ = rendered.next()
                return String(repeating: "x", count: size)
            }
            return rendered.value - before
        }
        #expect(await page(1, at: 0) == 1)
        #expect(await page(1, at: 1999) == 0)
        #expect(await page(1, at: 2000) == 1)
        #expect(await page(2, at: 2199) == 0)
        #expect(await page(2, at: 2200) == 1)
        #expect(await page(1, at: 3000, size: 5 << 20) == 1)
        #expect(await page(1, at: 3000, size: 5 << 20) == 0)
        #expect(await page(1, at: 3000, size: 9 << 20) == 1)
        #expect(await page(1, at: 3000, size: 9 << 20) == 1)
    }

    @Test("a text is compressed once")
    func once() throws {
        let text = SharedText(String(repeating: "agent ", count: 1000))
        let gzip = try #require(text.gzip)
        #expect(gzip.starts(with: [0x1F, 0x8B]) && gzip.count < 200 && text.gzip == gzip && text.bytes.count == 6000)
    }
}
