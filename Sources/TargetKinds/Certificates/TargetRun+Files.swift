import Certificates
import Documents
import FoundationEssentials
import Probing

/// A certificate that a run found at its target.
struct FoundCertificate {
    /// Where a certificate was found.
    enum Source {
        /// Presented by a server: at depth 0, its own.
        case server(depth: Int, isVerified: Bool)
        case file(FileCertificate)
    }

    var source: Source
    /// `mail.fabrikam.com:443`, or `/etc/ssl/bundle.pem (2)`.
    var place: String
    var facts: CertificateFacts

    /// How sentences about it begin.
    var subject: String { "certificate \(facts.subject) (\(place); thumbprint \(facts.thumbprint))" }

    /// The stage of findings about it.
    var stage: Stage {
        switch source {
        case .server: .tls
        case .file: .file
        }
    }

    var observation: Observation {
        switch source {
        case .server(let depth, let isVerified): .peerCertificate(stage: .tls, depth: depth, isVerified: isVerified, facts)
        case .file(let certificate): .fileCertificate(certificate)
        }
    }
}

/// What is in the files of a target.
struct FileContents {
    var certificates: [FoundCertificate] = []
    /// The content of each file that has some.
    var bundles: [(path: String, bundle: CertificateBundle)] = []
}

/// Why a file, or a part of it, could not be read.
private struct FileTrouble {
    var reason: Reason
    var sentence: String
    /// Unknown if it says nothing about the file, because the agent lacks descriptors, memory or a password.
    var severity = Finding.Severity.failure

    init(_ reason: Reason, _ sentence: String, _ severity: Finding.Severity = .failure) {
        self.reason = reason
        self.sentence = sentence
        self.severity = severity
    }

    init(_ problem: FileUnreadable) {
        self.init(problem.problem == .missing ? .certificateMissing : .certificateUnreadable, problem.description)
        if problem.isLocalLimit { (reason, severity) = (.systemRefused, .unknown) }
    }

    /// - Parameter password: why a password file cannot be used; nil if there is none that cannot.
    init(_ problem: CertificateBundle.Unreadable, _ path: String, password: FileUnreadable?) {
        if let password, [.passwordNeeded, .passwordWrong].contains(problem.cause) {
            self.init(.credentialUnreadable, "\(path): \(problem), and a password file cannot be used: \(password)", .unknown)
        } else {
            self.init(.certificateUnreadable, "\(path): \(problem)")
        }
    }
}

extension TargetRun {
    /// Of many problems of one run, the first are named.
    static let mostNamed = 20

    /// Reads the files that the target names, and records their certificates, and what cannot be read.
    /// - Parameter keepsDER: whether the certificates returned have their `der`.
    /// - Returns: nil if the run ends here (the reason has been recorded).
    mutating func readFiles(_ options: CertificateFileOptions, keepsDER: Bool = false) -> FileContents? {
        guard let pattern = options.pattern(target.text) else {
            reject(.config, .targetInvalid, "the target must be \(CertificateFileOptions.expected)")
            return nil
        }
        let (passwords, unusable) = Self.passwords(options)
        let deadline = deadline
        let found = pattern.files { !Task.isCancelled && ContinuousClock.now < deadline }
        var troubles = found.problems.map { FileTrouble($0) }
        var contents = FileContents()
        let key = CertificateFiles.Key(pattern: pattern, passwords: passwords, keepsDER: keepsDER)
        let read = certificateFiles.contents(of: found.paths, key) { !Task.isCancelled && ContinuousClock.now < deadline }
        for (path, content) in read {
            switch content {
            case .certificates(let bundle): troubles += add(bundle, of: path, to: &contents)
            // Of a directory or a pattern, files of other kinds are not meant.
            case .none(let clause): if path == found.named { troubles.append(FileTrouble(.certificateMissing, "\(path): \(clause)")) }
            case .damaged(let clause):
                let severity: Finding.Severity = path == found.named ? .failure : .warning
                troubles.append(FileTrouble(.certificateUnreadable, "\(path): \(clause)", severity))
            case .unreadable(.file(let problem)): troubles.append(FileTrouble(problem))
            case .unreadable(.content(let problem)): troubles.append(FileTrouble(problem, path, password: unusable))
            }
        }
        // Where no file needed it, it is still a fault of the configuration.
        if let unusable, !troubles.contains(where: { $0.reason == .credentialUnreadable }) {
            troubles.append(FileTrouble(.credentialUnreadable, "\(target): a password file cannot be used: \(unusable)", .warning))
        }
        find(mostOf: troubles.map { Finding($0.severity, stage: .file, reason: $0.reason, sentence: $0.sentence) })
        guard found.isComplete else {
            reject(.file, .timeout, "the directories could not be searched in time")
            return contents
        }
        if read.count < found.paths.count {
            reject(.file, .timeout, "\(read.count) of \(found.paths.count) files could be read in time; the next run continues")
        } else if contents.certificates.isEmpty, contents.bundles.isEmpty, !troubles.contains(where: { $0.severity != .warning }) {
            fail(
                .file, .certificateMissing,
                found.paths.isEmpty ? "no file matches, or all are excluded" : "no certificate in \(found.paths.count) file(s)"
            )
        }
        return contents
    }

    /// Reads the content of one file that a server has sent, as `readFiles` does.
    mutating func readFile(_ bytes: [UInt8], from url: String) -> FileContents? {
        var contents = FileContents()
        do throws(CertificateBundle.Unreadable) {
            let bundle = try CertificateBundle.read(bytes)
            guard !bundle.isEmpty else {
                fail(.file, .certificateMissing, "the file has no certificate")
                return nil
            }
            let troubles = add(bundle, of: url, to: &contents)
            find(mostOf: troubles.map { Finding($0.severity, stage: .file, reason: $0.reason, sentence: $0.sentence) })
        } catch {
            fail(.file, error.cause == .notCertificates ? .certificateMissing : .certificateUnreadable, "the file is \(error)")
            return nil
        }
        return contents
    }

    /// Records what is in one file.
    /// - Returns: what of it could not be read.
    private mutating func add(_ bundle: CertificateBundle, of path: String, to contents: inout FileContents) -> [FileTrouble] {
        contents.bundles.append((path, bundle))
        for entry in bundle.entries {
            let certificate = FileCertificate(path: path, part: entry.part, facts: entry.facts, origin: entry.origin)
            observe(.fileCertificate(certificate))
            contents.certificates.append(FoundCertificate(source: .file(certificate), place: certificate.place, facts: entry.facts))
        }
        return bundle.problems.map { FileTrouble(.certificateUnreadable, "\(path): \($0)") }
    }

    /// The passwords of the files that can be read, and why another one cannot.
    private static func passwords(_ options: CertificateFileOptions) -> (passwords: [String], unusable: FileUnreadable?) {
        var (passwords, unusable): ([String], FileUnreadable?) = ([], nil)
        for path in options.passwordFiles {
            do throws(FileUnreadable) {
                let bytes = try RegularFile.read(path, atMost: RegularFile.credentialLimit, isSecret: true)
                passwords.append(String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }, as: UTF8.self))
            } catch { unusable = error }
        }
        return (passwords, unusable)
    }
}
