import Addresses
import Certificates
import Concurrency
import Documents
import FoundationEssentials
import Outbound
import Probing
import Transfers

struct ThumbprintDriftProbe: TargetProbe {
    /// How many members are asked at once.
    private static let mostAtOnce = 8
    /// How many different certificates are recorded.
    private static let mostObserved = 100

    let target: Target
    let options: ThumbprintDriftOptions
    let services: TargetServices

    /// A member of the set, and the certificates it has: of a server one, of files the first of each. Or why there is none.
    private struct Answer {
        var member: Target
        var certificates: [FoundCertificate]
        var problem: String?
    }

    /// A certificate, and where it is.
    private struct Group {
        var facts: CertificateFacts
        var places: [String]
    }

    func check(_ run: inout TargetRun, _ facts: inout NoFacts) async {
        guard let members = await members(&run) else { return }
        let (source, base) = (options.source, run)
        let keepsDER = options.pins.contains { if case .publicKey = $0 { true } else { false } }
        let answers = await members.enumerated().map { $0 }.concurrentMap(atMost: Self.mostAtOnce) { place, member in
            (place, await Self.ask(member, source, keepsDER: keepsDER, like: base))
        }.sorted { $0.0 < $1.0 }.map(\.1)
        for answer in answers { answer.problem.map { run.leaveOut($0) } }
        // A file may be found by several patterns and paths.
        var files: Set<String> = []
        let found = answers.flatMap(\.certificates).filter { certificate in
            guard case .file(let file) = certificate.source else { return true }
            return files.insert(RegularFile.resolved(file.path)).inserted
        }
        var groups: [Group] = []
        var known: [String: Int] = [:]
        for certificate in found {
            if let index = known[certificate.facts.fingerprintSHA256] {
                groups[index].places.append(certificate.place)
                continue
            }
            known[certificate.facts.fingerprintSHA256] = groups.count
            groups.append(Group(facts: certificate.facts, places: [certificate.place]))
            if groups.count <= Self.mostObserved { run.observe(certificate.observation) }
        }
        run.sample(Double(groups.count))
        guard found.count >= (options.pins.isEmpty ? 2 : 1) else {
            let problem = answers.lazy.compactMap(\.problem).first.map { ": \($0)" } ?? "; name others under 'members'"
            return run.reject(
                .compare, .notObserved, "\(found.count) of \(members.count) could be asked, nothing can be compared\(problem)")
        }
        run.find(mostOf: differences(groups, of: found.count))
        run.pass(.compare, "\(groups.count) certificate(s) in \(found.count) places")
    }

    /// A server, for which a certificate is asked.
    private struct Server: Hashable {
        var address: NetworkAddress
        var port: UInt16
        var name: String
    }

    /// The target's addresses or files, and the members, each server once; nil if the run ends here (the reason has been recorded).
    private func members(_ run: inout TargetRun) async -> [Target]? {
        var members: [Target] = []
        var known: Set<Server> = []
        let isServer = options.source.files.pattern(target.text) == nil
        for text in [target.text] + options.members {
            if options.source.files.pattern(text) != nil {
                members.append(Target(text, policy: target.policy))
                continue
            }
            guard let (host, port) = options.source.server.endpoint(text) else {
                run.reject(
                    .config, .targetInvalid, "'\(text)' must be host or host:port, with an IPv6 address in brackets, or an absolute path")
                return nil
            }
            // A member that is an address is asked for the certificate of the target's name.
            let name = target.hostname ?? (NetworkAddress(host) != nil && isServer ? Target.host(in: target.text) : nil)
            if text == target.text, let address = target.address {
                known.insert(Server(address: address, port: port, name: name ?? host))
                members.append(Target(text, hostname: name, address: address, policy: target.policy))
                continue
            }
            do throws(ExchangeFailure) {
                let addresses = try await run.transfers.resolve(host, options.source.server.address.preference, until: run.deadline)
                members += addresses.filter { known.insert(Server(address: $0, port: port, name: name ?? host)).inserted }.map {
                    Target(text, hostname: name, address: $0, policy: target.policy)
                }
            } catch {
                // Of a set with members, the others are still compared.
                guard options.members.isEmpty else {
                    run.leaveOut("\(text): \(error.sentence)")
                    continue
                }
                run.reject(.resolve, error.reason(nil), error.sentence)
                return nil
            }
        }
        return members
    }

    private static func ask(_ member: Target, _ source: CertificateSourceOptions, keepsDER: Bool, like base: TargetRun) async -> Answer {
        var run = TargetRun(member, like: base)
        let found = await run.findCertificates(source, keepsDER: keepsDER) ?? []
        let problem = run.outcome.findings.first { $0.severity != .warning }
        var files: Set<String> = []
        let own = found.compactMap { certificate -> FoundCertificate? in
            var certificate = certificate
            switch certificate.source {
            case .server(let depth, _):
                guard depth == 0 else { return nil }
                if let address = member.address { certificate.place = "\(member) (\(address))" }
            case .file(let file): guard files.insert(file.path).inserted else { return nil }
            }
            return certificate
        }
        return Answer(member: member, certificates: own, problem: problem?.sentence)
    }

    private func differences(_ groups: [Group], of total: Int) -> [Finding] {
        func finding(_ group: Group, _ rest: String) -> Finding {
            let places =
                group.places.prefix(10).joined(separator: ", ") + (group.places.count > 10 ? " and \(group.places.count - 10) more" : "")
            return Finding(
                .failure, stage: .tls, reason: .thumbprintDrift,
                sentence:
                    "\(target): \(places): certificate \(group.facts.thumbprint), valid from \(group.facts.notBefore.formatted(.iso8601)), \(rest)",
                certificate: group.facts.thumbprint)
        }
        if !options.pins.isEmpty {
            return groups.filter { group in !options.pins.contains { $0.isOf(group.facts) } }.map { finding($0, "matches none of 'pins'") }
        }
        // Of as many places, the certificate that was issued last is the one that is meant to be there.
        let order = groups.sorted { ($0.places.count, $0.facts.notBefore) > ($1.places.count, $1.facts.notBefore) }
        guard let usual = order.first else { return [] }
        return order.dropFirst().map {
            finding(
                $0,
                usual.places.count * 2 > total
                    ? "differs from \(usual.facts.thumbprint), which \(usual.places.count) of \(total) have"
                    : "differs from \(usual.facts.thumbprint), the newest, of \(usual.places.prefix(3).joined(separator: ", "))")
        }
    }
}
