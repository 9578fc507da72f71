import Outbound
import Probing
import Transfers

/// `mail-flow`: a message submitted by SMTP arrives in a mailbox that is read by IMAP.
struct MailFlowKind: ProbeKind {
    static let name = "mail-flow"
    static let deliveryTime = MetricDefinition(
        "mail_flow_delivery_seconds",
        "Time from the acceptance of the message until it was seen in the mailbox, which is searched at least every 4 seconds.", .scheduled)
    static let unseen = MetricDefinition(
        "mail_flow_unseen_messages",
        "Unseen messages in the mailbox, the number that a phone's badge would show: once the message has arrived, otherwise before it was sent.",
        .scheduled)
    let services: KindServices

    init(_ services: KindServices) { self.services = services }

    let guide = KindGuide(
        checks: [
            "mailbox: the agent logs in by IMAP, counts the unseen messages, and removes messages of its own that are more than an hour old.",
            "submission: a message is submitted by SMTP, with STARTTLS or TLS, and accepted.",
            "delivery: it arrives in the mailbox, unseen.",
            "removal: it is removed. Use a mailbox for monitoring only: on a server without UIDPLUS, removal also expunges other messages that are marked as deleted.",
            "Each server submits and reads for itself, unless mailFlow names a host. If it names both hosts, use 'scope: organization' in the definition: otherwise each server repeats the same test.",
            "With --at, and for a forecast, nothing is sent: the probe connects and logs in.",
            "SampleValue: seconds until the message arrived.",
        ],
        stages: MailFlowProbe.stages,
        metrics: [MailFlowKind.deliveryTime, MailFlowKind.unseen],
        reasons: [
            .configIncomplete, .credentialUnreadable, .dnsFailed, .startTLSMissing, .loginRefused, .mailRefused, .mailNotDelivered,
            .mailMalformed, .mailNotUnseen, .certificateExpiresSoon,
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
