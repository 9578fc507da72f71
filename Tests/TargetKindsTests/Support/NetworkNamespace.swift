import Dispatch
import Glibc
import Synchronization
import TestSupport

/// A network namespace of its own, entered by one thread: tasks that run in it open their sockets there, and see a hosts file of the test's.
///
/// Capabilities, too, are a thread's own: a test may give them up here.
final class NetworkNamespace: TaskExecutor {
    struct Failed: Error { var what: String }

    /// What the thread and the value share: the thread must not keep the value alive.
    private final class Desk: Sendable {
        let jobs = Mutex<(waiting: [UnownedJob], isClosed: Bool)>(([], false))
        let bell = DispatchSemaphore(value: 0)
        /// The thread's number once it stands in its namespace, else -1.
        let thread = Mutex<pid_t>(-1)
        let hasBegun = DispatchSemaphore(value: 0)
        let executor = Mutex<UnownedTaskExecutor?>(nil)
    }

    private let desk = Desk()

    /// Whether this process may make any.
    static let isAllowed = geteuid() == 0

    init() throws {
        var thread = pthread_t()
        let created = pthread_create(
            &thread, nil,
            { desk in
                guard let desk else { return nil }
                NetworkNamespace.work(Unmanaged<Desk>.fromOpaque(desk).takeRetainedValue())
                return nil
            }, Unmanaged.passRetained(desk).toOpaque())
        guard created == 0 else { throw Failed(what: "no thread") }
        pthread_detach(thread)
        desk.hasBegun.wait()
        guard desk.thread.withLock({ $0 }) > 0 else { throw Failed(what: "no namespace") }
        let executor = asUnownedTaskExecutor()
        desk.executor.withLock { $0 = executor }
    }

    deinit {
        desk.jobs.withLock { $0.isClosed = true }
        desk.bell.signal()
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        desk.jobs.withLock { $0.waiting.append(job) }
        desk.bell.signal()
    }

    private static func work(_ desk: Desk) {
        let isApart = LibC.unshare(newNetwork | newMounts) == 0
        desk.thread.withLock { $0 = isApart ? LibC.gettid() : -1 }
        desk.hasBegun.signal()
        while isApart {
            desk.bell.wait()
            let (job, isClosed) = desk.jobs.withLock { jobs in (jobs.waiting.isEmpty ? nil : jobs.waiting.removeFirst(), jobs.isClosed) }
            if let job, let executor = desk.executor.withLock({ $0 }) {
                job.runSynchronously(on: executor)
            } else if isClosed {
                return
            }
        }
    }

    /// By which other programs find the network.
    var path: String { "\(folder)/net" }
    private var folder: String { "/proc/\(getpid())/task/\(desk.thread.withLock { $0 })/ns" }

    func run<Result: Sendable>(_ body: @Sendable @escaping () async throws -> Result) async throws -> Result {
        try await Task(executorPreference: self) { try await body() }.value
    }

    /// Brings loopback up.
    func withLoopback() async throws -> NetworkNamespace {
        try await tool("ip", ["link", "set", "lo", "up"])
        return self
    }

    /// Lets names be looked up in this text alone, as tasks in the namespace see it.
    func useHosts(_ text: String) async throws {
        let directory = try TemporaryDirectory()
        let hosts = try directory.write("hosts", text)
        let nowhere = try directory.write("nsswitch.conf", "hosts: files\n")
        let script = "mount --make-rprivate / && mount --bind \(hosts) /etc/hosts && mount --bind \(nowhere) /etc/nsswitch.conf"
        let ended = try await Program.run("nsenter", ["--mount=\(folder)/mnt", "sh", "-c", script])
        guard ended.status == 0 else { throw Failed(what: ended.errors) }
    }

    /// Lets names be looked up at this server alone, as tasks in the namespace see it.
    func useResolver(_ address: String) async throws {
        let directory = try TemporaryDirectory()
        let resolver = try directory.write("resolv.conf", "nameserver \(address)\n")
        let order = try directory.write("nsswitch.conf", "hosts: files dns\n")
        let script = """
            mount --make-rprivate / && mount --bind \(resolver) "$(realpath /etc/resolv.conf)" && mount --bind \(order) /etc/nsswitch.conf
            """
        let ended = try await Program.run("nsenter", ["--mount=\(folder)/mnt", "sh", "-c", script])
        withExtendedLifetime(directory) {}
        guard ended.status == 0 else { throw Failed(what: ended.errors) }
    }

    /// Writes a file of the kernel's, as the thread sees it.
    func write(_ text: String, to path: String) async throws {
        try await run {
            let file = open(path, O_WRONLY)
            defer { close(file) }
            guard Glibc.write(file, text, text.utf8.count) == text.utf8.count else { throw Failed(what: "\(path): \(errno)") }
        }
    }

    /// Lets this process open ping sockets, and no raw ones.
    func allowPingSocketsAlone() async throws {
        try await write("0 0", to: "/proc/sys/net/ipv4/ping_group_range")
        try await dropRawSockets()
    }

    /// Gives up CAP_NET_RAW, for the thread and for good.
    func dropRawSockets() async throws {
        try await run {
            var header: [UInt32] = [0x2008_0522, 0]
            var sets = [UInt32](repeating: 0, count: 6)
            guard LibC.capget(&header, &sets) == 0 else { throw Failed(what: "capget") }
            // Effective, permitted and inheritable of the first 32 capabilities; CAP_NET_RAW is number 13.
            for index in 0..<3 { sets[index] &= ~(1 << 13) }
            guard LibC.capset(&header, &sets) == 0 else { throw Failed(what: "capset") }
        }
    }

    /// Starts a program in the namespace.
    func start(_ path: String, _ arguments: [String]) throws -> Program {
        try Program("nsenter", ["--net=\(self.path)", path] + arguments)
    }

    func tool(_ path: String, _ arguments: [String]) async throws {
        let ended = try await start(path, arguments).ended()
        guard ended.status == 0 else { throw Failed(what: "\(path) \(arguments): \(ended.errors)") }
    }
}

/// Functions of the C library that Swift's module of it does not show.
private enum LibC {
    private typealias Sets = @convention(c) (UnsafeMutablePointer<UInt32>, UnsafeMutablePointer<UInt32>) -> Int32

    static func unshare(_ flags: Int32) -> Int32 {
        guard let function = dlsym(nil, "unshare") else { return -1 }
        return unsafeBitCast(function, to: (@convention(c) (Int32) -> Int32).self)(flags)
    }

    static func gettid() -> pid_t {
        guard let function = dlsym(nil, "gettid") else { return -1 }
        return unsafeBitCast(function, to: (@convention(c) () -> pid_t).self)()
    }

    static func capget(_ header: UnsafeMutablePointer<UInt32>, _ sets: UnsafeMutablePointer<UInt32>) -> Int32 {
        call("capget", header, sets)
    }
    static func capset(_ header: UnsafeMutablePointer<UInt32>, _ sets: UnsafeMutablePointer<UInt32>) -> Int32 {
        call("capset", header, sets)
    }

    private static func call(_ name: String, _ header: UnsafeMutablePointer<UInt32>, _ sets: UnsafeMutablePointer<UInt32>) -> Int32 {
        guard let function = dlsym(nil, name) else { return -1 }
        return unsafeBitCast(function, to: Sets.self)(header, sets)
    }
}

private let newNetwork: Int32 = 0x4000_0000
private let newMounts: Int32 = 0x0002_0000
