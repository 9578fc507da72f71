import Probing
import TestSupport
import Testing

@Suite struct PromptTests {
    @Test("a prompt that is no whole line counts once the peer is quiet, and each byte of it once")
    func prompt() async throws {
        let server = try await PythonServer.serving(
            """
            send(b"Welcome\\r\\nlogin: ")
            user = request()
            send(b"Password: ")
            say("got", user, request())
            send(b"Last login: today\\r\\n$ ")
            request()
            """)
        let run = try await KindRun(
            "tcp", server.address,
            [
                "query_response": [
                    ["expect": "login: $", "send": "bob"], ["expect": "^Password: $", "send": "secret"], ["expect": "^Last"],
                    ["expect": "^\\$ $", "send": "exit"],
                ]
            ])
        #expect(run.result == .succeeded, run.story)
        #expect(await server.said("got b'bob\\n' b'secret\\n'"))
    }

    @Test("a line that comes in two halves is read whole where the first half is not what is expected")
    func halves() async throws {
        let server = try await PythonServer.serving(
            """
            send(b"220 rea")
            threading.Event().wait(0.7)
            send(b"dy\\r\\n")
            request()
            """)
        let run = try await KindRun("tcp", server.address, ["query_response": [["expect": "^220 ready$"]]])
        #expect(run.result == .succeeded, run.story)
    }
}
