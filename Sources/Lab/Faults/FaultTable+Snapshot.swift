/// Faults that only a snapshot of the organization shows.
extension Fault {
    static let snapshots: [Fault] = [
        Fault(
            "snapshot-missing", "The snapshot of the organization has been deleted.", [.snapshot(.missing)],
            [
                ofOrganization(failed(snapshot, "snapshot_missing", "config")), failed(presence, "snapshot_missing", "config", "Rejected"),
                failed(expiry, "snapshot_missing", "config", "Rejected"),
            ]),
        Fault(
            "snapshot-stale", "The snapshot of the organization is eight days old.", [.snapshot(.stale)],
            [
                ofOrganization(failed(snapshot, "snapshot_stale", "config")), failed(drift, "snapshot_stale", "config", "Rejected"),
                failed(push, "snapshot_stale", "config", "Rejected"), failed(keySize, "snapshot_stale", "config", "Rejected"),
                ofOrganization(failed(rotation, "snapshot_stale", "config", "Rejected")),
            ]),
        Fault(
            "snapshot-in-future", "The snapshot of the organization is dated tomorrow.", [.snapshot(.future)],
            [ofOrganization(failed(snapshot, "clock_skew", "config")), failed(expiry, "clock_skew", "config", "Rejected")]),
        Fault(
            "snapshot-half-written", "The snapshot of the organization ends in the middle.", [.snapshot(.halfWritten)],
            [
                ofOrganization(failed(snapshot, "snapshot_unreadable", "config")),
                failed(presence, "snapshot_unreadable", "config", "Rejected"),
            ]),
        Fault(
            "snapshot-foreign", "The snapshot is of another organization.", [.snapshot(.foreign)],
            [
                ofOrganization(failed(snapshot, "snapshot_wrong_organization", "config")),
                ofOrganization(failed(rotation, "snapshot_wrong_organization", "config", "Rejected")),
            ]),
        Fault(
            "snapshot-server-away", "The first mailbox server did not answer when the snapshot was collected.", [.snapshot(.serverAway)],
            [
                ofOrganization(warned(snapshot, "snapshot_incomplete", "config")),
                failed(presence, "snapshot_incomplete", "config", "Rejected"),
            ]),
        Fault(
            "snapshot-cmdlet-denied", "Get-AuthConfig was denied when the snapshot was collected.", [.snapshot(.denied)],
            [
                ofOrganization(warned(snapshot, "snapshot_incomplete", "config")),
                ofOrganization(failed(rotation, "snapshot_incomplete", "config", "Rejected")),
            ]),
    ]

    static let rotations: [Fault] = [
        Fault(
            "certificate-absent", "The first mailbox server's store lacks the OAuth certificate.", [.snapshot(.serverLacksCertificate)],
            [failed(presence, "certificate_missing", "certificate")]),
        Fault(
            "private-key-absent", "The first mailbox server has the OAuth certificate without its private key.",
            [.snapshot(.noPrivateKey)], [failed(presence, "private_key_missing", "certificate")]),
        Fault(
            "services-without-certificate", "No certificate of the first mailbox server is enabled for IIS and SMTP.",
            [.snapshot(.noServices)], [failed(presence, "service_without_certificate", "certificate")]),
        Fault(
            "connector-certificate-for-servers-only",
            "The certificate of the send connector to Exchange Online, on the first mailbox server, is not for TLS clients.",
            [.snapshot(.connectorOfServers)], [warned(presence, "service_without_certificate", "certificate")]),
        Fault(
            "next-missing", "The OAuth certificate expires in 45 days, and AuthConfig names no next one.",
            [.certificate(.expiresSoon), .snapshot(.whole)], [ofOrganization(warned(rotation, "rotation_missing", "certificate"))]),
        Fault(
            "next-overdue", "The next certificate's effective date was three days ago.", [.snapshot(.next(.overdue))],
            [ofOrganization(failed(rotation, "rotation_overdue", "certificate"))]),
        Fault(
            "next-too-late", "The next certificate takes effect after the current one has expired.", [.snapshot(.next(.tooLate))],
            [ofOrganization(failed(rotation, "rotation_too_late", "certificate"))]),
        Fault(
            "next-same", "AuthConfig names the current certificate as the next one.", [.snapshot(.next(.same))],
            [ofOrganization(failed(rotation, "rotation_same_certificate", "certificate"))]),
        Fault(
            "next-ends-earlier", "The next certificate expires before the current one.", [.snapshot(.next(.endsEarlier))],
            [ofOrganization(warned(rotation, "rotation_ends_earlier", "certificate"))]),
        Fault(
            "next-absent", "The first mailbox server's store lacks the next certificate.", [.snapshot(.next(.missingOnServer))],
            [warned(presence, "certificate_missing", "certificate")]),
    ]

    static let hybrid: [Fault] = [
        Fault(
            "hybrid-shared-principal", "No auth server names a dedicated application.", [.snapshot(.noApplication)],
            [ofOrganization(failed(readiness, "shared_principal_blocked", "application"))]),
        Fault(
            "hybrid-ews-blocked", "The tenant does not allow EWS, and the Graph route is not on.",
            [.snapshot(.noGraphRoute), .file(.ewsOff)], [ofOrganization(failed(readiness, "ews_blocked", "ews"))]),
        Fault(
            "hybrid-no-override", "No setting override turns the dedicated application on.", [.snapshot(.noOverride)],
            [ofOrganization(failed(readiness, "override_missing", "override"))]),
        Fault(
            "hybrid-two-overrides", "Two setting overrides turn the dedicated application on.", [.snapshot(.twoOverrides)],
            [ofOrganization(failed(readiness, "override_doubled", "override"))]),
        Fault(
            "hybrid-old-build", "The first mailbox server runs Exchange 2019, and the Graph route is on.", [.snapshot(.oldBuild)],
            [ofOrganization(failed(readiness, "build_too_old", "graph"))]),
    ]
}
