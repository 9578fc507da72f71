import ArgumentParser
import Certificates
import FoundationEssentials
import HealthManager
import ProbeFiles
import ProbeKinds
import Transfers

struct InitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init", abstract: "Look at the servers and write a commented agent.yaml with what was found.",
        discussion: "What only Exchange knows is marked '# UNCONFIRMED'; 'agent check' warns of each mark.")

    @Option(help: "The tenant's domain.") var organization: String?
    @Option(help: "A server; may be given several times.") var server: [String] = []
    @Option(help: "The public name the servers' certificate bears (default: each server's own).") var hostname: String?
    @Option(help: ArgumentHelp("Connect to a server there.", valueName: "NAME=HOST:PORT")) var address: [String] = []
    @Option(name: .customLong("connect-to"), help: ArgumentHelp("As curl's --connect-to.", valueName: "HOST:PORT=HOST:PORT")) var connectTo:
        [String] = []
    @Option(name: .customLong("ca-file"), help: "PEM file of roots to trust beside the system's.") var caFile: String?
    @Option(name: .customLong("token-certificate"), help: "The agent's own certificate for the tenant.") var tokenCertificate: String?
    @Option(name: .customLong("token-key"), help: "Its private key.") var tokenKey: String?
    @Option(name: .customLong("client-id"), help: "The app registration it belongs to.") var clientID: String?
    @Option(help: "Take what the PowerShell block wrote.") var from: String?
    @Flag(name: .customLong("print-powershell"), help: "Print a read-only block for the Exchange shell, and nothing else.")
    var printPowerShell = false
    @Option(help: "File to write, '-' for standard output.") var output = "agent.yaml"
    @Flag(help: "Overwrite the file.") var force = false
    @OptionGroup var common: CommonOptions

    func run() async throws {
        if printPowerShell { return Console.file(ExchangeFacts.powerShell) }
        let facts = try from.map { path throws in
            do throws(ExchangeFacts.Unreadable) { return try ExchangeFacts(path: path) } catch { throw Console.failure(error.sentence) }
        }
        guard let organization = organization ?? facts?.organization else { throw ValidationError("--organization is needed") }
        let names = server.isEmpty ? facts?.servers ?? [] : server
        guard Text.isHostName(organization) else { throw ValidationError("--organization takes a domain, found '\(organization)'") }
        if let stranger = names.first(where: { !Text.isHostName($0) }) {
            throw ValidationError("--server takes a host name, found '\(stranger)'")
        }
        guard !names.isEmpty else { throw ValidationError("--server is needed at least once") }
        if output != "-", !force, FileManager.default.fileExists(atPath: output) {
            throw Console.failure("\(output) is already there: choose another --output, or overwrite it with --force")
        }
        var draft = ConfigurationDraft(organization: organization)
        draft.addresses = try pairs(address, option: "--address")
        draft.connectTo = try pairs(connectTo, option: "--connect-to")
        draft.hostname = hostname
        draft.caFile = caFile
        draft.listen = common.listen
        draft.facts = facts
        draft.token = (tokenCertificate, tokenKey, clientID)
        let transfers = try Composition.transfers()
        let survey: SiteSurvey
        do { survey = try SiteSurvey(transfers, caFile: caFile, connectTo: draft.connectTo) } catch { throw Console.failure("\(error)") }
        draft.servers = await survey.look(at: names, hostname: hostname, addresses: draft.addresses)
        draft.authServer = await survey.look(atAuthServer: draft.metadataURL)
        for note in draft.notes { Console.note(note) }
        try write(draft.text)
    }

    private func write(_ text: String) throws {
        if output == "-" { return Console.file(text) }
        do { try Data(text.utf8).write(to: URL(filePath: output), options: .atomic) } catch {
            throw Console.failure("cannot write \(output)")
        }
        Console.note("wrote \(output); next: \(Invocation.program) check --config \(Invocation.quoted(output))")
    }

    private func pairs(_ texts: [String], option: String) throws -> [String: String] {
        var pairs: [String: String] = [:]
        for text in texts {
            let halves = text.split(separator: "=", maxSplits: 1).map(String.init)
            guard halves.count == 2 else { throw ValidationError("\(option) takes two halves with '=' between, found '\(text)'") }
            pairs[halves[0].lowercased()] = halves[1]
        }
        return pairs
    }
}
