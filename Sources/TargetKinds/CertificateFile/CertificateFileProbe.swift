import Certificates
import Documents
import FoundationEssentials
import Probing

struct CertificateFileProbe: TargetProbe {
    let target: Target
    let options: CertificateFileProbeOptions
    let services: TargetServices

    func check(_ run: inout TargetRun, _ facts: inout NoFacts) async {
        guard let contents = run.readFiles(options.files, keepsDER: options.keyFile != nil) else { return }
        var findings = run.judge(contents)
        if let keyFile = options.keyFile, !contents.certificates.isEmpty { findings += [checkKey(keyFile, contents)].compactMap(\.self) }
        run.find(mostOf: findings)
        run.observe(.measurement(CertificateFileFacts.files(contents.bundles.count)))
        run.passFiles(contents)
    }

    private func checkKey(_ path: String, _ contents: FileContents) -> Finding? {
        do throws(FileUnreadable) {
            let key = try RegularFile.read(path, atMost: RegularFile.credentialLimit, isSecret: true)
            guard !contents.certificates.contains(where: { PrivateKey.isKey(key, of: $0.facts) }) else { return nil }
            return .file(.privateKeyMismatch, "the private key \(path) belongs to none of the certificates of \(target)")
        } catch {
            return Finding(
                .unknown, stage: .file, reason: .credentialUnreadable, sentence: "\(target): the private key cannot be used: \(error)")
        }
    }
}

extension TargetRun {
    /// Judges certificates, private keys and revocation lists of files, and records what is measured of the lists.
    mutating func judge(_ contents: FileContents) -> [Finding] {
        let date = date
        var findings = contents.certificates.compactMap { Thresholds.validNow.expiry(of: $0.facts, $0.subject, .file, at: date) }
        for (path, bundle) in contents.bundles {
            findings += bundle.keys.filter { $0.matches == nil && !$0.isEncrypted }.map {
                .file(.privateKeyMismatch, "\(path): the private key (\($0.part)) belongs to none of the certificates")
            }
            findings += bundle.lists.compactMap { judge($0, path) }
        }
        return findings
    }

    private mutating func judge(_ list: CertificateBundle.RevocationList, _ path: String) -> Finding? {
        let labels = [("file", path), ("part", list.part), ("issuer", list.issuer), ("crl_number", list.number ?? "")]
        observe(.measurement(CertificateFileFacts.thisUpdate(list.thisUpdate, labels)))
        guard let next = list.nextUpdate else { return nil }
        observe(.measurement(CertificateFileFacts.nextUpdate(next, labels)))
        guard next <= date else { return nil }
        return .file(
            .crlStale, "\(path) (\(list.part)): the revocation list of \(list.issuer) was due again on \(next.formatted(.iso8601))")
    }

    /// Records findings, of many the first: failures, then what could not be judged, then warnings.
    mutating func find(mostOf findings: [Finding]) {
        let ordered = [.failure, .unknown, .warning].flatMap { severity in findings.filter { $0.severity == severity } }
        ordered.prefix(Self.mostNamed).forEach { find($0) }
        if findings.count > Self.mostNamed { leaveOut("\(findings.count - Self.mostNamed) further findings") }
    }

    /// Records what was found in files, and the days until the first certificate expires.
    mutating func passFiles(_ contents: FileContents) {
        guard let first = contents.certificates.map(\.facts.notAfter).min() else {
            let count = contents.bundles.reduce(0) { $0 + $1.bundle.lists.count }
            if count > 0 { pass(.file, "\(count) revocation list(s) in \(contents.bundles.count) file(s)") }
            return
        }
        sample(first.timeIntervalSince(date) / 86400)
        pass(
            .file,
            "\(contents.certificates.count) certificate(s) in \(contents.bundles.count) file(s), earliest expiry \(first.formatted(.iso8601))"
        )
    }
}

extension Finding {
    fileprivate static func file(_ reason: Reason, _ sentence: String) -> Finding {
        Finding(.failure, stage: .file, reason: reason, sentence: sentence)
    }
}
