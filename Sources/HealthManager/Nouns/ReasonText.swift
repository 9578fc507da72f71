extension Reason {
    /// What the reason says, as one sentence that holds for every probe.
    package var sentence: String { text.sentence }
    /// What an administrator does about it, most likely cure first.
    package var remedy: String { text.remedy }

    private var text: (sentence: String, remedy: String) {
        switch self {
        case .configIncomplete, .configMismatch, .snapshotMissing, .snapshotStale, .credentialUnreadable: configurationText
        case .dnsFailed, .connectRefused, .connectTimeout, .networkUnreachable, .connectionReset, .timeout, .proxyRefused,
            .proxyAuthentication:
            networkText
        case .tlsHandshakeFailed, .clientCertificateRequired, .renegotiationInsecure, .certificateUntrusted, .certificateNameMismatch,
            .certificateRevoked:
            tlsText
        case .certificateExpired, .certificateNotYetValid, .certificateExpiresSoon, .certificateExpiresVerySoon, .certificateMissing,
            .certificateUnreadable, .privateKeyMissing, .keyTooSmall, .keyTypeUnsupported, .signatureWeak:
            certificateText
        case .thumbprintDrift, .thumbprintSettling, .authconfigOutdated, .rotationOverdue, .rotationTooLate, .rotationSameCertificate,
            .rotationMissing:
            rotationText
        case .metadataURLMismatch, .metadataMalformed, .metadataNoKeys, .metadataWrongRealm, .metadataNoTokenEndpoint: metadataText
        case .httpStatus, .httpRedirect, .httpTooLarge, .httpMalformed, .tokenRefused, .tokenKeyUnknown, .tokenMalformed,
            .challengeMissing, .challengeWrongTenant, .endpointRefusedToken, .endpointThrottled, .endpointUnavailable:
            serviceText
        case .answerUnexpected, .dnsRcode, .healthNotServing, .targetForbidden, .targetInvalid, .systemRefused: targetText
        case .clockSkew, .notObserved, .preauthenticationSuspected, .addressIsLoadBalanced, .probePoisoned, .probeQuarantined:
            observationText
        }
    }

    private var targetText: (String, String) {
        switch self {
        case .answerUnexpected:
            (
                "The target answered, but not what the probe's options ask for.",
                "Compare what the error names (status, header, body, line, record) with the options of the module or definition; look at the target's answer with '/probe?...&debug=true'."
            )
        case .dnsRcode:
            (
                "The name server answered with a response code the probe's options do not accept.",
                "NXDOMAIN: the name asked for does not exist there; REFUSED: the server does not answer this client; SERVFAIL: look at the server's own log. 'valid_rcodes' says what is accepted."
            )
        case .healthNotServing:
            (
                "The service answered its health check, and says that it does not serve.",
                "Look at the service's own log; NOT_SERVING is its own verdict, SERVICE_UNKNOWN means that the option 'service' names none it knows."
            )
        case .targetForbidden:
            (
                "The target's address may not be probed for this caller.",
                "If it should be, change the key of agent.yaml that the error names ('probe.denyTargets', 'probe.allowTargets', 'probe.allowFrom'), then run 'agent reload'."
            )
        case .targetInvalid:
            (
                "The target is written in a way the probe cannot use.",
                "Write it as the error says: a URL for http and websocket, host:port for tcp and grpc, a host for icmp and dns, a path for unix."
            )
        case .systemRefused:
            (
                "This machine does not let the agent do what the probe needs.",
                "Do what the error names: allow ping sockets for the agent's group (sysctl net.ipv4.ping_group_range), give it CAP_NET_RAW, raise the limit of open files."
            )
        default: ("", "")
        }
    }

    private var configurationText: (String, String) {
        switch self {
        case .configIncomplete:
            (
                "The feature is enabled, but its configuration lacks a value it cannot work without.",
                "Complete the value the error names in agent.yaml (and in Exchange, if it is empty there too), then run 'agent reload'."
            )
        case .configMismatch:
            (
                "Two configured values contradict each other.",
                "Compare the two values the error names with what Exchange has (Get-AuthServer, Get-PushNotificationApp), correct the wrong one, run 'agent reload'."
            )
        case .snapshotMissing:
            ("The export from Exchange that this probe judges is not there.", "Export it again from the Exchange shell and check the path.")
        case .snapshotStale:
            ("The export from Exchange is too old to judge by.", "Export it again; schedule the export on an Exchange server.")
        default:
            (
                "A file of the agent's own (a credential, a key, trusted roots) cannot be used, or its key file is open to others.",
                "Check the path the error names; the key file must belong to the agent's user and be closed to others: chmod 0640 FILE."
            )
        }
    }

    private var networkText: (String, String) {
        switch self {
        case .dnsFailed:
            (
                "The name does not resolve.",
                "Check the spelling of the host and the resolver of this machine (getent hosts NAME); a retired service loses its name too."
            )
        case .connectRefused:
            (
                "The host is there, but nothing listens on the port, or a firewall rejects the connection.",
                "Check that the service runs (IIS on an Exchange server: Get-Service W3SVC) and that address and port are right."
            )
        case .connectTimeout:
            (
                "The connection attempt got no answer.",
                "Check that the host is up and that no firewall between the agent and it drops outbound 443."
            )
        case .networkUnreachable:
            (
                "There is no route to the address.",
                "Check routing and the address family (IPv6 configured without a route?) on this machine."
            )
        case .connectionReset:
            (
                "The peer, or a device between, cut the connection.",
                "Look for a TLS-inspecting firewall or a load balancer without healthy members; then at the event log of the server."
            )
        case .timeout:
            (
                "The whole answer did not arrive within the probe's timeout.",
                "See at which stage it stopped; compare the stage's usual time; restart the hanging service or raise 'timeout' if it is merely slow."
            )
        case .proxyRefused:
            (
                "The forward proxy did not make the connection.",
                "Allow the host the error names on the proxy, or correct 'proxy' in agent.yaml."
            )
        default:
            ("The forward proxy demands a login.", "Let this machine pass the proxy without one, or put the hosts into 'proxy.noProxy'.")
        }
    }

    private var tlsText: (String, String) {
        switch self {
        case .tlsHandshakeFailed:
            (
                "No TLS session could be agreed.",
                "Check that the port speaks TLS 1.2 or later and that a certificate is bound to it (IIS bindings)."
            )
        case .clientCertificateRequired:
            (
                "The peer asks for a client certificate, and got none or refused the one it got.",
                "Give the module or definition a certificate the peer accepts ('cert_file', 'key_file' of 'tls_config'); if it was refused, the TLS alert in the exception says why: unknown_ca is an issuer the peer does not trust."
            )
        case .renegotiationInsecure:
            (
                "The peer's TLS does not support secure renegotiation (RFC 5746).",
                "Update the TLS library of the peer: until then, others can put data of their own before a client's (CVE-2009-3555)."
            )
        case .certificateUntrusted:
            (
                "The peer's TLS certificate does not chain to a root this agent trusts, or may not be used by a TLS server.",
                "The exception says what is missing. On-premises CA: add its root to 'tls.caFile' (in a module: 'ca_file'). A cloud host: look at the issuer, a TLS-inspecting proxy stands between. A missing intermediate: install it on the server."
            )
        case .certificateNameMismatch:
            (
                "The peer's TLS certificate is good but bears other names than the one asked for.",
                "Set 'hostname' of the server to one of the names the error lists, or bind the right certificate."
            )
        default:
            ("The peer's TLS certificate was revoked by its issuer.", "Have it reissued and bind the new one.")
        }
    }

    private var certificateText: (String, String) {
        switch self {
        case .certificateExpired:
            (
                "The certificate's validity has ended.",
                "OAuth certificate: New-ExchangeCertificate, Set-AuthConfig with its thumbprint, publish, then upload it to the tenant (Hybrid Configuration Wizard). TLS certificate: renew and bind it."
            )
        case .certificateNotYetValid:
            ("The certificate's validity has not begun.", "Check the clocks first; else wait, or issue one that is valid now.")
        case .certificateExpiresSoon:
            (
                "The certificate ends within the warning threshold, and no successor is staged in time.",
                "OAuth certificate: stage the next one now (New-ExchangeCertificate, Set-AuthConfig -NewCertificateThumbprint), and upload it to the tenant before it takes effect. TLS certificate: renew and bind it."
            )
        case .certificateExpiresVerySoon:
            (
                "The certificate ends within the failure threshold, and no successor is staged in time.",
                "Rotate now: New-ExchangeCertificate, Set-AuthConfig, publish, upload to the tenant; the change may take a day to spread."
            )
        case .certificateMissing:
            (
                "There is no certificate where one must be.",
                "Import the existing OAuth certificate on the server that lacks it before creating a new one; check Get-AuthConfig."
            )
        case .certificateUnreadable:
            (
                "What should be a certificate cannot be read as one.",
                "A file: export it again as DER or PEM (Export-ExchangeCertificate) and check the path. A certificate that a TLS server presents: have it reissued."
            )
        case .privateKeyMissing:
            ("The certificate is there without its private key.", "Import it again from a PFX that holds the key.")
        case .keyTooSmall:
            (
                "The key is shorter than the minimum.",
                "Replace the certificate by one with RSA 2048 or more: New-ExchangeCertificate -KeySize 2048. In a TLS chain it may be the issuer's: the error names it."
            )
        case .keyTypeUnsupported:
            (
                "The key is of a type Exchange's tokens cannot be signed with.",
                "Replace the certificate by an RSA one: Exchange signs its tokens with RS256."
            )
        default:
            (
                "The certificate is signed with SHA-1 or MD5.",
                "OAuth certificate: replace it by one signed with SHA-256 at the next rotation. TLS certificate: replace it now, clients refuse it; it may be the issuer's, the error names it."
            )
        }
    }

    private var rotationText: (String, String) {
        switch self {
        case .thumbprintDrift:
            (
                "A copy of the OAuth certificate is not the one the organization agreed on.",
                "Import the certificate AuthConfig names on the server that differs and recycle its MSExchangeAutodiscoverAppPool; export the file again if the file differs."
            )
        case .thumbprintSettling:
            (
                "A new key was seen a short while ago; the copies have not all followed yet.",
                "Wait for the settling time; act if it becomes thumbprint_drift."
            )
        case .authconfigOutdated:
            (
                "All servers agree on one certificate that the configured thumbprint does not name.",
                "Put the thumbprint the warning names into authConfig.currentCertificateThumbprint of agent.yaml and run 'agent reload'."
            )
        case .rotationOverdue:
            (
                "The next certificate's effective date has passed, and it has not become current.",
                "Run Set-AuthConfig -PublishCertificate on an Exchange server."
            )
        case .rotationTooLate:
            (
                "The next certificate takes effect only after the current one has ended.",
                "Set an earlier effective date with Set-AuthConfig."
            )
        case .rotationSameCertificate:
            ("Next and current certificate are the same.", "Create a new certificate and stage that one.")
        default:
            ("No next certificate is staged although the current one ends soon.", "Create one and stage it with Set-AuthConfig.")
        }
    }

    private var metadataText: (String, String) {
        switch self {
        case .metadataURLMismatch:
            (
                "The auth server's metadata URL names another tenant.",
                "Set-AuthServer -AuthMetadataUrl with this organization's domain or tenant id, and the same in agent.yaml."
            )
        case .metadataMalformed:
            ("The answer is not an auth metadata document.", "Open the URL by hand; an error page or another service answers there.")
        case .metadataNoKeys:
            (
                "The auth metadata document lists no signing key: the server cannot prove who it is.",
                "On that server the OAuth certificate is missing or expired: import it (with its key), then recycle MSExchangeAutodiscoverAppPool."
            )
        case .metadataWrongRealm:
            ("The auth server's document is for another tenant.", "Compare tenant.id and authServer.metadataUrl with Get-AuthServer.")
        default:
            ("The auth server's document names no token endpoint.", "Check that the URL is the auth server's own, not a retired one.")
        }
    }

    private var serviceText: (String, String) {
        switch self {
        case .httpStatus:
            (
                "The answer has another status than a working service gives.",
                "Open the URL by hand; look into the server's HTTP and application logs."
            )
        case .httpRedirect:
            (
                "The service answered with a redirect, which is not followed here.",
                "Put the final URL into the configuration if the move is right."
            )
        case .httpTooLarge:
            (
                "The answer is larger than this probe accepts, as sent or decompressed.",
                "Something else answers at that URL: open it by hand."
            )
        case .httpMalformed:
            (
                "The peer does not speak HTTP, or ended in the middle of its answer.",
                "Check port and service; look for a device between that cuts answers."
            )
        case .tokenRefused:
            (
                "The token endpoint refused the agent's credential.",
                "Read the AADSTS code in the error; check pushProxy.token (clientId, scope) or the module's 'oauth2' (client_id, client_secret, scopes) against the app registration."
            )
        case .tokenKeyUnknown:
            (
                "The tenant does not know the agent's own key.",
                "Upload the agent's certificate (pushProxy.token.certificateFile) to its app registration; Exchange's certificate is not concerned."
            )
        case .tokenMalformed:
            (
                "The token endpoint's answer holds no token.",
                "Check pushProxy.token.endpoint, or 'token_url' of the module's 'oauth2'; a proxy or portal may have answered."
            )
        case .challengeMissing:
            ("The endpoint does not offer OAuth.", "Enable OAuth on the virtual directory.")
        case .challengeWrongTenant:
            ("The endpoint's OAuth challenge names another tenant.", "Compare its trusted issuers with tenant.id.")
        case .endpointRefusedToken:
            ("The endpoint refused the token that the token endpoint issued.", "Check scope and permissions of the app registration.")
        case .endpointThrottled:
            ("The endpoint asks to come back later.", "Probe less often ('every'), and look for another client of the same tenant.")
        default:
            ("The endpoint says that it cannot serve now.", "Look at the service health of the tenant; wait.")
        }
    }

    private var observationText: (String, String) {
        switch self {
        case .clockSkew:
            (
                "The clocks of this machine and of the answering server differ so much that tokens may be refused.",
                "Check time synchronisation (timedatectl; w32tm /query /status) on both."
            )
        case .notObserved:
            (
                "There was nothing to judge: no copy could be seen.",
                "Make one copy visible: a reachable metadata document, an exported certificate file, or a current export from Exchange."
            )
        case .preauthenticationSuspected:
            (
                "A gateway answered, not Exchange.",
                "Set 'address' to the server itself, or 'metadata: false' for it where its document cannot be reached from here."
            )
        case .addressIsLoadBalanced:
            ("The address answers for several servers.", "Set 'address' to the server itself.")
        case .probePoisoned:
            (
                "The run did not stop when its time was over.",
                "This is a fault of the agent: run 'agent restart' and report it with the log."
            )
        default:
            (
                "The probe is not run any more because it did not stop in time three times.",
                "Run 'agent restart', and report it with the log."
            )
        }
    }
}
