import API
import FoundationEssentials
import Testing

/// The endpoints as the code has them, beside their description.
@Suite struct EndpointTests {
    private struct Description: Decodable {
        struct Parameter: Decodable {
            var name: String
            var `in`: String
        }

        struct Operation: Decodable { var parameters: [Parameter]? }

        var paths: [String: [String: Operation]]
    }

    @Test("openapi.json describes every endpoint with its parameters, and no other")
    func described() throws {
        let page = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Sources/StatusServer/Page/openapi.json")
        let description = try JSONDecoder().decode(Description.self, from: Data(contentsOf: page))
        let described = description.paths.flatMap { path, operations in
            operations.map { method, operation in
                let names = (operation.parameters ?? []).filter { $0.in == "query" }.map(\.name)
                return "\(method.uppercased()) \(path) \(names.sorted())"
            }
        }
        let served = Endpoints.routes.map { "\($0.method.rawValue) \($0.path) \($0.query.sorted())" }
        #expect(described.sorted() == served.sorted())
    }
}
