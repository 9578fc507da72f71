import FoundationEssentials
import Glibc

/// The standard `process_*` metrics of Prometheus client libraries, read from `/proc/self`.
struct ProcessFacts {
    private var processorSeconds: Double
    private var residentBytes: Double
    private var virtualBytes: Double
    private var started: Double
    private var threads: Double
    private var descriptors: Double
    private var descriptorLimit: Double

    /// Returns nil if `/proc` is missing or its format is not understood.
    static func read() -> ProcessFacts? {
        guard let stat = text("/proc/self/stat"), let system = text("/proc/stat"), let close = stat.lastIndex(of: ")") else { return nil }
        let fields = stat[stat.index(after: close)...].split(separator: " ").map { Double($0) ?? 0 }
        let boot = system.split(separator: "\n").first { $0.hasPrefix("btime ") }.flatMap { Double($0.dropFirst(6)) }
        guard fields.count > 21, let boot else { return nil }
        let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        return ProcessFacts(
            processorSeconds: (fields[11] + fields[12]) / ticks, residentBytes: fields[21] * Double(sysconf(Int32(_SC_PAGESIZE))),
            virtualBytes: fields[20], started: boot + fields[19] / ticks, threads: fields[17],
            descriptors: Double((try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 0),
            descriptorLimit: Double(limit.rlim_cur))
    }

    func write(to text: inout MetricText, format: MetricText.Format) {
        let families: [(name: String, type: String, help: String, value: Double)] = [
            ("process_cpu_seconds_total", "counter", "Total user and system CPU time spent in seconds.", processorSeconds),
            ("process_resident_memory_bytes", "gauge", "Resident memory size in bytes.", residentBytes),
            ("process_virtual_memory_bytes", "gauge", "Virtual memory size in bytes.", virtualBytes),
            ("process_start_time_seconds", "gauge", "Start time of the process since unix epoch in seconds.", started),
            ("process_threads", "gauge", "Number of OS threads in the process.", threads),
            ("process_open_fds", "gauge", "Number of open file descriptors.", descriptors),
            ("process_max_fds", "gauge", "Maximum number of open file descriptors.", descriptorLimit),
        ]
        for family in families {
            text.header(family.name, type: family.type, help: family.help, format: format)
            text.sample(family.name, [], family.value)
        }
    }

    private static func text(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = Glibc.read(descriptor, &part, part.count)
            guard count > 0 else { break }
            bytes += part.prefix(count)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
