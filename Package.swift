// swift-tools-version:6.2
import PackageDescription

/// Settings of every target of ours: warnings are errors, and each file says what it imports.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

/// A room of the house: a library target that lives in its own folder.
func room(
    _ name: String,
    _ dependencies: [Target.Dependency],
    resources: [Resource] = [],
    exclude: [String] = []
) -> Target {
    .target(name: name, dependencies: dependencies, exclude: exclude, resources: resources, swiftSettings: strict)
}

/// The tests of one room, in a folder that mirrors it.
func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
    .testTarget(name: name, dependencies: ["TestSupport"] + dependencies, exclude: exclude, swiftSettings: strict)
}

let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let signals: Target.Dependency = .product(name: "UnixSignals", package: "swift-service-lifecycle")
let heap: Target.Dependency = .product(name: "HeapModule", package: "swift-collections")
let deque: Target.Dependency = .product(name: "DequeModule", package: "swift-collections")
let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore: Target.Dependency = .product(name: "HummingbirdCore", package: "hummingbird")
let nioHTTPTypes: Target.Dependency = .product(name: "NIOHTTPTypes", package: "swift-nio-extras")
let nioHTTPTypesHTTP2: Target.Dependency = .product(name: "NIOHTTPTypesHTTP2", package: "swift-nio-extras")
let nioHTTP1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let nioHTTP2: Target.Dependency = .product(name: "NIOHTTP2", package: "swift-nio-http2")
let httpTypes: Target.Dependency = .product(name: "HTTPTypes", package: "swift-http-types")
let mustache: Target.Dependency = .product(name: "Mustache", package: "swift-mustache")
let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioTLS: Target.Dependency = .product(name: "NIOTLS", package: "swift-nio")
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let x509: Target.Dependency = .product(name: "X509", package: "swift-certificates")
let asn1: Target.Dependency = .product(name: "SwiftASN1", package: "swift-asn1")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let cryptoExtras: Target.Dependency = .product(name: "CryptoExtras", package: "swift-crypto")
let jwtKit: Target.Dependency = .product(name: "JWTKit", package: "jwt-kit")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let childPrograms: Target.Dependency = .product(name: "Subprocess", package: "swift-subprocess")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")
/// The paths that it takes.
let paths: Target.Dependency = .product(name: "SystemPackage", package: "swift-system")

/// What StatusServer serves as it is, and the templates of its pages.
let pageFiles = [
    "axis.svg", "badge.svg", "certificates.html", "command.html", "decisions.html", "dialog.html", "foot.html", "forecast.html",
    "head.html", "icon.svg",
    "matrix.html",
    "message.html", "openapi.json", "order.html", "page.css", "page.js", "piece.html", "plot.svg", "probe.html", "problem.html",
    "problems.atom", "row.html", "run.html", "stages.html", "status.html", "symbols.html", "time.html",
]

let package = Package(
    name: "agent",
    platforms: [.macOS(.v15)],
    products: [.executable(name: "agent", targets: ["agent"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-system", from: "1.5.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
        .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.1"),
    ],
    targets: [
        .systemLibrary(
            name: "CCurl",
            pkgConfig: "libcurl",
            providers: [.apt(["libcurl4-openssl-dev", "libssl-dev", "pkg-config"])]
        ),
        .systemLibrary(name: "CAres", pkgConfig: "libcares", providers: [.apt(["libc-ares-dev"])]),
        .systemLibrary(name: "CBrotli", pkgConfig: "libbrotlidec", providers: [.apt(["libbrotli-dev"])]),
        .systemLibrary(name: "CIdn", pkgConfig: "libidn2", providers: [.apt(["libidn2-dev"])]),
        .systemLibrary(name: "CKerberos", pkgConfig: "mit-krb5-gssapi", providers: [.apt(["libkrb5-dev"])]),
        .systemLibrary(name: "CLdns", pkgConfig: "ldns", providers: [.apt(["libldns-dev"])]),
        .systemLibrary(name: "CLinux"),
        .systemLibrary(name: "CXml", pkgConfig: "libxml-2.0", providers: [.apt(["libxml2-dev"])]),
        .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
        // RE2 is C++, behind a C header. SwiftPM takes nothing of its pkg-config file, which asks for -pthread, and warns of that.
        .target(name: "CPattern", linkerSettings: [.linkedLibrary("re2"), .linkedLibrary("stdc++")]),
        .target(name: "CKeyDecoders", linkerSettings: [.linkedLibrary("crypto")]),
        room("Addresses", []),
        room("Concurrency", ["CLinux", deque, heap]),
        room("Documents", ["CLinux", "CXml", yams]),
        room("Expressions", ["Documents"]),
        room("Certificates", ["CCurl"]),
        room(
            "Transfers",
            [
                "Addresses", "CAres", "CBrotli", "CCurl", "CIdn", "CKerberos", "CKeyDecoders", "CLinux", "CZlib", "Certificates",
                "Documents",
                "Concurrency",
            ],
            exclude: ["README.md"]),
        room("ExchangeExport", ["Certificates", "Documents"]),
        room("Probing", ["Addresses", "Certificates", "Concurrency", "ExchangeExport"]),
        room("Monitoring", ["Probing", "Addresses", "Certificates", heap, deque]),
        room("Exposition", ["Monitoring", "Probing", "Addresses", "Certificates", "CZlib", nioCore]),
        room("API", ["Monitoring", "Probing", "Certificates"]),
        room(
            "HealthManager",
            [
                "Monitoring", "Probing", "Addresses", "Certificates", "Documents", "Concurrency", "ExchangeExport", logging, lifecycle,
                heap, deque,
            ]),
        room(
            "Escalation",
            [
                "Addresses", "CLinux", "Concurrency", "Documents", "HealthManager", "Monitoring", "Outbound", "Probing", "Transfers",
                childPrograms,
                paths, deque,
                logging, lifecycle,
            ], exclude: ["README.md"]),
        room("History", ["Documents", "Monitoring", "Probing", "Concurrency", grdb, logging, lifecycle]),
        room("ProbeFiles", ["Monitoring", "Probing", "Addresses", "Certificates", "Documents", "ExchangeExport"]),
        room("Outbound", ["Probing", "Transfers", "Certificates"]),
        room(
            "ProbeKinds",
            ["Outbound", "Probing", "Transfers", "Addresses", "Certificates", "Documents", "ExchangeExport", jwtKit, logging],
            exclude: ["README.md"]),
        room(
            "TargetKinds",
            [
                "CLdns", "CPattern", "Expressions", "Outbound", "Probing", "Transfers", "Addresses", "Certificates", "Concurrency",
                "Documents",
            ], resources: [.embedInCode("DomainExpiry/rdap.json")], exclude: ["README.md"]),
        room(
            "Serving",
            [
                "Concurrency", httpTypes, hummingbirdCore, nioHTTP1, nioHTTPTypes, nioHTTPTypesHTTP2, nioHTTP2, nioTLS, nioCore, nioPosix,
                logging,
                lifecycle,
            ]),
        room(
            "StatusServer",
            [
                "API", "Exposition", "HealthManager", "Monitoring", "Probing", "Addresses", "Certificates", "Concurrency", "Documents",
                "Serving",
                "CLinux", hummingbird, httpTypes, mustache, nioCore,
                nioPosix, nioSSL, logging, lifecycle,
            ],
            resources: pageFiles.map { .embedInCode("Page/" + $0) },
            exclude: ["README.md"]),
        room(
            "Lab",
            [
                "Serving", hummingbird, httpTypes, nioCore, nioPosix, nioSSL, x509, asn1, crypto, cryptoExtras, jwtKit,
                logging, lifecycle,
            ], exclude: ["README.md"]),
        .executableTarget(
            name: "agent",
            dependencies: [
                "API", "Exposition", "HealthManager", "Monitoring", "Probing", "ProbeFiles", "ProbeKinds", "TargetKinds", "Serving",
                "StatusServer", "Escalation",
                "History", "Transfers", "Addresses", "CLinux", "Certificates", "Documents", "ExchangeExport", "Lab", arguments, logging,
                lifecycle, signals,
            ],
            exclude: ["README.md"],
            swiftSettings: strict,
            plugins: ["StampRevision"]
        ),
        .plugin(name: "StampRevision", capability: .buildTool(), path: "Sources/StampRevision"),
        .target(
            name: "TestSupport", dependencies: ["Concurrency", "Documents", "HealthManager", "Monitoring", "Probing", logging],
            path: "Tests/TestSupport",
            swiftSettings: strict),
        .target(
            name: "Fuzzing",
            dependencies: [
                "API", "Certificates", "Documents", "ExchangeExport", "Expressions", "Monitoring", "ProbeFiles", "Probing", "TargetKinds",
                "Transfers",
            ], path: "Tests/Fuzzing", exclude: ["Corpus", "Driver"], swiftSettings: strict),
        tests("FuzzingTests", ["Fuzzing"]),
        tests("AddressesTests", ["Addresses"]),
        tests("ExpressionsTests", ["Expressions"]),
        tests("DocumentsTests", ["Documents"]),
        tests("CertificatesTests", ["CCurl", "Certificates", x509, crypto, cryptoExtras, asn1]),
        tests("TransfersTests", ["Addresses", "CCurl", "Transfers", "Concurrency", "Certificates", "Lab", hummingbird, logging]),
        tests("ConcurrencyTests", ["Concurrency"]),
        tests("ExchangeExportTests", ["Certificates", "Documents", "ExchangeExport"], exclude: ["Fixtures"]),
        tests("ProbingTests", ["Probing", "Certificates"]),
        tests("MonitoringTests", ["Monitoring", "Probing", "Certificates"]),
        tests(
            "HealthManagerTests",
            ["API", "HealthManager", "Monitoring", "Probing", "Concurrency", "Addresses", "Certificates", logging, lifecycle]),
        tests(
            "EscalationTests",
            ["Documents", "Escalation", "HealthManager", "Monitoring", "Probing", "Transfers", "Addresses", logging, lifecycle]),
        tests("HistoryTests", ["History", "HealthManager", "Monitoring", "Probing", logging, lifecycle]),
        tests("ProbeFilesTests", ["ProbeFiles", "Monitoring", "Probing", "TargetKinds", "Transfers"]),
        tests(
            "ProbeKindsTests",
            [
                "ProbeKinds", "ExchangeExport", "HealthManager", "Monitoring", "Outbound", "Probing", "Transfers", "Certificates", x509,
                crypto, cryptoExtras,
                asn1, logging,
            ]),
        tests(
            "TargetKindsTests",
            ["TargetKinds", "HealthManager", "Monitoring", "Probing", "ProbeFiles", "Transfers", "Addresses", "Certificates"]),
        tests("ServingTests", ["Serving", hummingbirdCore, nioCore, nioPosix, logging]),
        tests("ExpositionTests", ["Exposition", "Monitoring", "Probing", "Certificates", nioCore]),
        tests(
            "StatusServerTests",
            ["StatusServer", "API", "Certificates", "Documents", "Exposition", "HealthManager", "Monitoring", "Probing", httpTypes]),
        tests(
            "ArchitectureTests",
            [
                "API", "Documents", "Exposition", "HealthManager", "Monitoring", "Probing", "ProbeFiles", "ProbeKinds", "TargetKinds",
                "Transfers",
                logging,
                nioCore,
            ]),
        tests("LabTests", ["Lab"]),
        tests(
            "AgentTests", ["agent", "Lab"],
            exclude: [
                "Browser/accessibility.js", "Browser/devtools.py", "Browser/page.py", "Hostile/clients.py", "Hostile/peers.py",
                "Survival/kills.py",
            ]),
    ],
    cxxLanguageStandard: .cxx17
)

// With libFuzzer, which brings its own main: built by .ci/fuzz alone.
if Context.environment["FUZZING"] != nil {
    package.targets.append(
        .executableTarget(name: "Fuzzer", dependencies: ["Fuzzing"], path: "Tests/Fuzzing/Driver", swiftSettings: strict))
}
