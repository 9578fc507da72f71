/// Faults of mail flow. They affect all servers.
extension Fault {
    static let mailFlow = "Exchange/MailFlowProbe"

    static let mail: [Fault] = [
        Fault(
            "mail-imap-refused", "The mailbox servers refuse IMAP connections.", [.connection(.imap, .refused)],
            [failed(mailFlow, "connect_refused", "connect")]),
        Fault(
            "mail-smtp-refused", "The mailbox servers refuse SMTP connections.", [.connection(.smtp, .refused)],
            [failed(mailFlow, "connect_refused", "connect")]),
        Fault(
            "mail-tls-expired", "The certificate that is enabled for IMAP has expired.", [.connection(.imap, .expired)],
            [failed(mailFlow, "certificate_expired", "tls")]),
        Fault(
            "mail-tls-expires-soon", "The certificate that is enabled for SMTP expires in ten days.", [.connection(.smtp, .expiresSoon)],
            [warned(mailFlow, "certificate_expires_soon", "tls")]),
        Fault(
            "mail-login-refused", "IMAP is disabled for the mailbox: its logins are refused.", [.answer(.imap, .loginRefused)],
            [failed(mailFlow, "login_refused", "mailbox")]),
        Fault(
            "mail-refused", "Transport is under back pressure and accepts no messages.", [.answer(.smtp, .noResources)],
            [failed(mailFlow, "mail_refused", "submission")]),
        Fault(
            "mail-not-delivered", "Messages stay in a queue.", [.answer(.imap, .lost)],
            [failed(mailFlow, "mail_not_delivered", "delivery")]),
        Fault(
            "mail-read-elsewhere", "An inbox rule marks messages as read.", [.answer(.imap, .readElsewhere)],
            [warned(mailFlow, "mail_not_unseen", "delivery")]),
    ]
}
