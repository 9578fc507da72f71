import CCurl

/// The end of a mail session: the command that says goodbye, and its connection, which is then closed.
///
/// libcurl would say goodbye itself, and wait minutes for the answer.
// Safe because it is handed to one thread and used by no other after that.
final class Farewell: @unchecked Sendable {
    private static let patience: Duration = .seconds(2)

    private var easy: EasyHandle?
    private let socket: MailSocket
    private let command: String

    init(_ easy: EasyHandle, _ socket: MailSocket, _ command: String) {
        self.easy = easy
        self.socket = socket
        self.command = command
        // The session, to which they belonged, has gone.
        for option in [CURLOPT_WRITEFUNCTION, CURLOPT_HEADERFUNCTION, CURLOPT_READFUNCTION] {
            agent_set_data_function(easy.handle, option) { _, size, count, _ in size * count }
        }
    }

    /// Says goodbye, if there is somebody to say it to, and leaves.
    func say() {
        if socket.isOpen, let easy {
            easy.opened = { _ in false }
            easy.long(CURLOPT_UPLOAD, 0)
            easy.pointer(CURLOPT_MAIL_RCPT, nil)
            easy.text(CURLOPT_CUSTOMREQUEST, command)
            easy.setTimeout(Self.patience)
            curl_easy_perform(easy.handle)
        }
        leave()
    }

    func leave() {
        socket.cut()
        easy = nil
    }
}
