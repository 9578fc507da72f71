import Certificates

/// One of several disjoint parts of all targets, as Prometheus's `hashmod` makes them of the target as written.
package struct Shard: Sendable, Hashable {
    /// From 0 to `count - 1`.
    package let index: Int
    package let count: Int

    package init(index: Int, of count: Int) {
        self.index = index
        self.count = count
    }

    /// Whether the target belongs to this part; it belongs to exactly one of those with the same `count`.
    package func holds(_ target: String) -> Bool {
        // As in Prometheus: the last eight bytes of the MD5 digest, big-endian.
        let number = Digest.md5(target).suffix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return number % UInt64(count) == UInt64(index)
    }
}
