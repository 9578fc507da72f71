extension Reason {
    /// The texts of reasons that concern mail flow: sentence and remedy.
    static let mail: [Reason: (sentence: String, remedy: String)] = [
        .startTLSMissing: (
            "The server does not offer TLS on a connection that begins in clear text, or refuses it: nothing was sent.",
            "Enable TLS for the service, with a valid certificate. On an Exchange server: check that a valid certificate is enabled for the service (Get-ExchangeCertificate shows SMTP or IMAP under Services; Enable-ExchangeCertificate -Services SMTP,IMAP), then restart the service (MSExchangeTransport, MSExchangeFrontEndTransport or MSExchangeIMAP4). If the port uses TLS from the start, set 'tls: implicit' in agent.yaml (in a definition of kind tls: leave out 'starttls')."
        ),
        .mailRefused: (
            "The mail server refused a command.",
            "The error quotes the server's answer. For 5.7.x: the sender may not send as mailFlow.from, or may not relay: compare it with the connector's permission groups (Get-ReceiveConnector) and with Send As. For 4.x: the server is short of resources (Get-Queue; event 15004 of back pressure). For 5.1.x: the recipient does not exist (Get-Recipient). At stage mailbox: check mailFlow.mailbox, and that the IMAP back end runs (MSExchangeIMAP4BE)."
        ),
        .mailMalformed: (
            "The mail server does not speak its protocol, or its answer is incomplete or too long.",
            "Check host and port under mailFlow in agent.yaml, whether they belong to the right protocol, and 'tls' (starttls or implicit). A gateway on the path may answer in the server's place. Use a mailbox for monitoring only: very many messages make answers too long."
        ),
        .mailNotDelivered: (
            "The message was accepted, but did not arrive in the mailbox in time.",
            "Look where it is: Get-Queue on every Mailbox server, and Get-MessageTrackingLog -Sender <mailFlow.from> -Start (Get-Date).AddMinutes(-30). Check that no inbox rule moves it to another folder, and that the mailbox is not full (Get-MailboxStatistics)."
        ),
        .mailNotUnseen: (
            "The message arrived, but is already marked as read: it does not raise the number of unseen messages.",
            "Use a mailbox that nobody and nothing else reads, and remove rules that mark messages as read (Get-InboxRule -Mailbox <mailFlow.to>)."
        ),
    ]
}
