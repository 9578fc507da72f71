import ArgumentParser
import Certificates
import FoundationEssentials
import Monitoring
import ProbeFiles
import ProbeKinds
import Probing
import Transfers

struct InitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init", abstract: "Inspect the servers and write a commented agent.yaml with the findings.",
        discussion: """
            Values that were not seen on a server are marked '# UNCONFIRMED'; 'agent check' warns about each of them. Exit status: 0 if a \
            server was reached, 1 if none was, 2 for an error.
            """)

    @Option(help: "Domain of the tenant.") var organization: String?
    @Option(help: "Host name of a server; can be repeated.") var server: [String] = []
    @Option(help: "Public name the servers' certificates are valid for (default: each server's own name).") var hostname: String?
    @Option(help: ArgumentHelp("Address to connect to for a server.", valueName: "NAME=HOST:PORT")) var address: [String] = []
    @Option(name: .customLong("connect-to"), help: ArgumentHelp("Like curl's --connect-to.", valueName: "HOST:PORT=HOST:PORT"))
    var connectTo: [String] = []
    @Option(name: .customLong("ca-file"), help: "PEM file of additional trusted root certificates.", completion: .file()) var caFile:
        String?
    @Option(name: .customLong("token-certificate"), help: "Certificate that authenticates the agent to the tenant.", completion: .file())
    var tokenCertificate: String?
    @Option(name: .customLong("token-key"), help: "Private key of the token certificate.", completion: .file()) var tokenKey: String?
    @Option(name: .customLong("client-id"), help: "Client ID of the app registration of the token certificate.") var clientID: String?
    @Option(help: "File written by the script of --print-powershell, or by Export-ExchangeFacts.ps1.", completion: .file()) var from:
        String?
    @Flag(name: .customLong("print-powershell"), help: "Print a read-only script for the Exchange Management Shell and exit.")
    var printPowerShell = false
    @Option(help: "File to write, or '-' for standard output.", completion: .file()) var output = "agent.yaml"
    @Flag(help: "Overwrite an existing file.") var force = false
    @OptionGroup var listening: ListenOptions
    @OptionGroup(visibility: .hidden) var common: CommonOptions
    @OptionGroup(visibility: .hidden) var log: LogOptions

    func run() async throws {
        if printPowerShell { return Console.file(ExchangeFacts.powerShell) }
        let facts = try from.map { path throws in
            do throws(ExchangeFacts.Unreadable) { return try ExchangeFacts(path: path) } catch { throw Console.failure(error.sentence) }
        }
        guard let organization = organization ?? facts?.organization else { throw ValidationError("--organization is required") }
        if let facts, facts.isSnapshot, let domains = facts.domains,
            !domains.contains(where: { $0.lowercased() == organization.lowercased() })
        {
            throw Console.failure(
                "\(from ?? "") is of an organization with the domains \(domains.joined(separator: ", ")), not of \(organization)")
        }
        let names = server.isEmpty ? facts?.servers ?? [] : server
        guard Text.isHostName(organization) else { throw ValidationError("--organization must be a domain, found '\(organization)'") }
        guard !names.isEmpty else { throw ValidationError("--server is required") }
        if output != "-", !force, FileManager.default.fileExists(atPath: output) {
            throw Console.failure("\(output) already exists: choose another --output, or overwrite it with --force")
        }
        let addresses = try pairs(address, option: "--address")
        let known = Set(names.map { $0.lowercased() })
        for unknown in addresses.keys.sorted() where !known.contains(unknown) {
            Console.note("note: --address is ignored for '\(unknown)', which is not among the servers")
        }
        let token = [tokenCertificate, tokenKey, clientID]
        guard token.allSatisfy({ $0 == nil }) || token.allSatisfy({ $0 != nil }) else {
            throw ValidationError("--token-certificate, --token-key and --client-id are required together")
        }
        var draft = ConfigurationDraft(organization: organization)
        draft.addresses = addresses
        draft.connectTo = try pairs(connectTo, option: "--connect-to")
        draft.hostname = hostname
        draft.caFile = caFile
        draft.listen = listening.listen.first
        draft.facts = facts
        draft.snapshot = facts?.isSnapshot == true ? from : nil
        draft.token = (tokenCertificate, tokenKey, clientID)
        draft.servers = names.map { SiteSurvey.ServerSighting(name: $0) }
        try refuseErrors(of: draft)
        let transfers = try Composition.transfers()
        let survey: SiteSurvey
        do { survey = try SiteSurvey(transfers, caFile: caFile, connectTo: draft.connectTo) } catch { throw Console.failure("\(error)") }
        draft.servers = await survey.look(at: names, hostname: hostname, addresses: draft.addresses)
        draft.authServer = await survey.look(atAuthServer: draft.metadataURL)
        for note in draft.notes { Console.note(note) }
        if !draft.hasReachedServer { Console.note("note: no server was reached: nothing in the file was seen on one") }
        try write(draft.text)
        if !draft.hasReachedServer { throw ExitCode(1) }
    }

    /// Refuses options and facts that `agent check` would refuse in the file.
    private func refuseErrors(of draft: ConfigurationDraft) throws {
        let errors = PlanFiles.errors(inConfiguration: draft.text, path: output == "-" ? "agent.yaml" : output)
        guard !errors.isEmpty else { return }
        for error in errors { Console.note(error.description) }
        throw Console.failure("nothing was written: the options do not give a valid configuration (lines are those of the file)")
    }

    private func write(_ text: String) throws {
        if output == "-" { return Console.file(text) }
        do { try Data(text.utf8).write(to: URL(filePath: output), options: .atomic) } catch {
            throw Console.failure("cannot write \(output)")
        }
        Console.note("wrote \(output); next: \(Invocation.program) check --config \(Invocation.quoted(Invocation.absolute(output)))")
    }

    private func pairs(_ texts: [String], option: String) throws -> [String: String] {
        var pairs: [String: String] = [:]
        for text in texts {
            let halves = text.split(separator: "=", maxSplits: 1).map(String.init)
            guard halves.count == 2 else { throw ValidationError("\(option) requires two values separated by '=', found '\(text)'") }
            guard pairs.updateValue(halves[1], forKey: halves[0].lowercased()) == nil else {
                throw ValidationError("\(option) is given twice for '\(halves[0])'")
            }
        }
        return pairs
    }
}
