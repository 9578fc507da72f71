import Certificates
import FoundationEssentials
import Probing
import TargetKinds
import TestSupport
import Testing
import Transfers

/// Kind `certificate-file` on kubeconfig files, and on manifests of Kubernetes.
@Suite struct KubernetesDocumentTests {
    private let certificates: TestCertificates
    private let root: TestCertificates.Identity
    private let leaf: TestCertificates.Identity

    init() async throws {
        certificates = try TestCertificates()
        root = try await certificates.root("root")
        leaf = try await certificates.leaf("leaf", by: root)
    }

    private func run(_ text: String, services: TargetServices? = nil) async throws -> KindRun {
        let path = try certificates.directory.write("document", text)
        return try await KindRun("certificate-file", Target(path), services: services)
    }

    private func encoded(_ path: String) throws -> String { try Data(contentsOf: URL(filePath: path)).base64EncodedString() }

    private func text(_ path: String, indent: Int) throws -> String {
        String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self).split(separator: "\n")
            .map { String(repeating: " ", count: indent) + $0 }.joined(separator: "\n")
    }

    private func configuration(user: String) throws -> String {
        """
        apiVersion: v1
        kind: Config
        clusters:
          - name: prod
            cluster: { server: "https://192.0.2.1:6443", certificate-authority-data: \(try encoded(root.certificate)) }
          - name: open
            cluster: { server: "https://192.0.2.2:6443" }
        users:
          - name: admin
            user: \(user)
          - name: robot
            user: { token: secret }
        """
    }

    @Test("both sides of a kubeconfig are read, the key with its certificate, and files that it names, relative to its directory")
    func kubeconfig() async throws {
        let inside = try await run(
            configuration(
                user: "{ client-certificate-data: \(try encoded(leaf.certificate)), client-key-data: \(try encoded(leaf.key)) }"))
        #expect(inside.result == .succeeded && inside.outcome.findings.isEmpty, inside.story)
        #expect(
            inside.files.map(\.part) == ["cluster prod", "user admin"] && inside.files.map(\.facts.commonName) == ["Test Root", "leaf"])
        #expect(inside.files.map(\.origin) == [.kubeconfig(.cluster, name: "prod"), .kubeconfig(.user, name: "admin")])
        let outside = try await run(configuration(user: "{ client-certificate: leaf.pem, client-key: \(leaf.key) }"))
        #expect(outside.files.map(\.part) == ["cluster prod", "user admin"] && outside.outcome.findings.isEmpty, outside.story)
        let absent = try await run(configuration(user: "{ client-certificate: gone.pem }"))
        #expect(absent.reason == .certificateUnreadable && absent.files.count == 1, absent.story)
    }

    @Test("a key that belongs to another certificate is told, also where its own is in another Secret")
    func keys() async throws {
        let other = try await certificates.leaf("other", by: root)
        let swapped = try await run(
            configuration(
                user: "{ client-certificate-data: \(try encoded(leaf.certificate)), client-key-data: \(try encoded(other.key)) }"))
        #expect(swapped.reason == .privateKeyMismatch, swapped.story)
        func secret(_ name: String, _ certificate: String, _ key: String) throws -> String {
            """
            apiVersion: v1
            kind: Secret
            type: kubernetes.io/tls
            metadata: { name: \(name), namespace: web }
            data: { tls.crt: \(try encoded(certificate)), tls.key: \(try encoded(key)) }
            """
        }
        let crossed = try await run(
            secret("a", leaf.certificate, other.key) + "\n---\n" + secret("b", other.certificate, leaf.key))
        #expect(crossed.outcome.findings.map(\.reason) == [.privateKeyMismatch, .privateKeyMismatch], crossed.story)
        let right = try await run(secret("a", leaf.certificate, leaf.key) + "\n---\n" + secret("b", other.certificate, other.key))
        #expect(right.outcome.findings.isEmpty && right.files.map(\.part) == ["Secret web/a tls.crt", "Secret web/b tls.crt"], right.story)
    }

    @Test("of Secrets and ConfigMaps, also in lists and in JSON, the values that are certificates are read, the others left out")
    func manifests() async throws {
        let list = try await run(
            """
            {"apiVersion": "v1", "kind": "List", "items": [
              {"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "metadata": {"name": "s"},
               "data": {"password": "c2VjcmV0", "mail.pem": "\(try encoded(leaf.certificate))"}},
              {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "n"},
               "data": {"readme": "text"}, "binaryData": {"ca.crt": "\(try encoded(root.certificate))"}},
              {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}}]}
            """)
        #expect(list.files.map(\.part) == ["Secret s mail.pem", "ConfigMap n/c ca.crt"] && list.outcome.findings.isEmpty, list.story)
        let text = try await run(
            """
            apiVersion: v1
            kind: ConfigMap
            metadata: { name: c }
            data:
              ca.crt: |
            \(try text(root.certificate, indent: 4))
            \(try text(leaf.certificate, indent: 4))
            """)
        #expect(text.files.map(\.part) == ["ConfigMap c ca.crt", "ConfigMap c ca.crt #2"], text.story)
    }

    @Test("what cannot be read is named: a value that is not base64, a TLS secret without a certificate, text that is not YAML")
    func unreadable() async throws {
        func secret(_ data: String) -> String {
            "apiVersion: v1\nkind: Secret\ntype: kubernetes.io/tls\nmetadata: { name: s }\ndata: { \(data) }\n"
        }
        for (data, clause) in [("tls.crt: '*'", "Secret s tls.crt: not base64"), ("tls.crt: c2VjcmV0", "part Secret s tls.crt: ")] {
            let run = try await run(secret(data))
            #expect(run.reason == .certificateUnreadable, run.story)
            #expect(run.outcome.findings.first?.sentence.contains(clause) == true, run.story)
        }
        let broken = try await run("apiVersion: v1\nkind: Secret\n  data: {\n")
        #expect(broken.reason == .certificateUnreadable && broken.result == .failed, broken.story)
        #expect(broken.outcome.findings.first?.sentence.contains("in line 3") == true, broken.story)
        let deep = try await run("apiVersion: v1\nkind: Secret\ndata: " + String(repeating: "[", count: 100_000))
        #expect(deep.reason == .certificateUnreadable, deep.story)
        let among = try await KindRun("certificate-file", Target(certificates.path))
        #expect(among.outcome.findings.map(\.reason) == [.certificateUnreadable] && among.result == .succeeded, among.story)
    }

    @Test("aliases cannot multiply the text, long names are cut, and JSON may be escaped as JSON is")
    func hostile() async throws {
        let long = String(repeating: "x", count: 1 << 20)
        let aliases = (0..<3000).map { "  k\($0): *n\n" }.joined()
        let bomb = try await run("apiVersion: v1\nkind: Secret\nmetadata: { name: &n \"\(long)\" }\nstringData:\n\(aliases)")
        #expect(bomb.outcome.findings.first?.sentence.contains("too much text") == true, "\(bomb.outcome.findings.count)")
        let data = (0..<50).map { "  k\($0): '*'\n" }.joined()
        let named = try await run("apiVersion: v1\nkind: Secret\nmetadata: { name: \"\(long)\" }\ndata:\n\(data)")
        #expect(named.outcome.findings.allSatisfy { $0.sentence.utf8.count < 1000 } && named.reason == .certificateUnreadable)
        let escaped = try await run(
            """
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "\\ud83d\\ude00"}, "count": 1,
             "binaryData": {"ca.crt": "\(try encoded(root.certificate))"}}
            """)
        #expect(escaped.files.map(\.part) == ["ConfigMap \u{1F600} ca.crt"], escaped.story)
    }

    @Test("a file that a kubeconfig names is read again at each run")
    func renewed() async throws {
        let services = TargetServices(transfers: Transfers(), userAgent: "agent/test")
        let text = try configuration(user: "{ client-certificate: client.pem }")
        for identity in [leaf, root] {
            try Data(contentsOf: URL(filePath: identity.certificate)).write(to: URL(filePath: certificates.path + "/client.pem"))
            let run = try await run(text, services: services)
            #expect(run.files.last?.facts.commonName == (identity.certificate == root.certificate ? "Test Root" : "leaf"), run.story)
        }
    }
}
