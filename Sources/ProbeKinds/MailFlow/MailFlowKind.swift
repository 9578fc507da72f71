import Outbound
import Probing
import Transfers

/// `mail-flow`: a message submitted by SMTP arrives in a mailbox that is read by IMAP.
struct MailFlowKind: ProbeKind {
    static let name = "mail-flow"
    static let deliveryTime = MetricDefinition(
        "mail_flow_delivery_seconds", "Time from the acceptance of the message to its arrival in the mailbox.", .scheduled)
    static let unseen = MetricDefinition(
        "mail_flow_unseen_messages", "Unseen messages in the mailbox: the number that a phone's badge would show.", .scheduled)
    let services: KindServices

    init(_ services: KindServices) { self.services = services }

    let guide = KindGuide(
        checks: [
            "mailbox: the agent logs in by IMAP, counts the unseen messages, and removes messages of its own that are more than an hour old.",
            "submission: a message is submitted by SMTP, with STARTTLS or TLS, and accepted.",
            "delivery: it arrives in the mailbox, unseen.",
            "removal: it is removed. Use a mailbox for monitoring only: on a server without UIDPLUS, removal also expunges other messages that are marked as deleted.",
            "Each server submits and reads for itself, unless mailFlow names a host.",
            "SampleValue: seconds until the message arrived.",
        ],
        stages: MailFlowProbe.stages,
        metrics: [MailFlowKind.deliveryTime, MailFlowKind.unseen],
        reasons: [
            .configIncomplete, .credentialUnreadable, .dnsFailed, .startTLSMissing, .loginRefused, .mailRefused, .mailNotDelivered,
            .mailNotUnseen, .certificateExpiresSoon, .httpTooLarge, .httpMalformed,
        ] + .connection + .tls)

    func readOptions(_ reader: SettingsReader) {}

    func discover(_ options: Void, at place: Place) -> Discovery {
        guard let flow = place.organization.mailFlow else {
            return .notDefined(
                NotDefined(
                    because: "mail flow was not configured", configured: "mailFlow is not in agent.yaml: normal if you do not use it"))
        }
        guard place.server != nil || (flow.smtp.host != nil && flow.imap.host != nil) else { return .notDefined(.needsServer) }
        return .probe(
            MailFlowProbe(
                flow: flow, server: place.server, path: services.path(place.organization), thresholds: place.organization.thresholds))
    }
}
