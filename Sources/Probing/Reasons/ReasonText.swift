extension Reason {
    /// The meaning of the reason: one sentence that applies to every probe.
    package var sentence: String { text.sentence }
    /// What an administrator should do, the most likely fix first.
    package var remedy: String { text.remedy }

    private var text: (sentence: String, remedy: String) {
        switch self {
        case .configIncomplete:
            (
                "A required value is missing from the configuration, or one of its values cannot be used.",
                "Set the value that the error names in agent.yaml (and in Exchange, if it is empty there too), then run 'agent reload'."
            )
        case .configMismatch:
            (
                "Two configured values contradict each other.",
                "Compare the two values that the error names with those in Exchange (Get-AuthServer, Get-PushNotificationApp), correct the wrong one, then run 'agent reload'."
            )
        case .snapshotMissing:
            (
                "The file was not found.",
                "Export it again (a snapshot of Exchange: Export-ExchangeFacts.ps1 in the Exchange Management Shell) and check the path."
            )
        case .snapshotStale:
            (
                "The file is too old.",
                "Run the scheduled task that writes it (Get-ScheduledTaskInfo shows how its last run ended; for a snapshot of Exchange it runs Export-ExchangeFacts.ps1), and check that its account may write the file."
            )
        case .snapshotUnreadable:
            (
                "The snapshot is no complete document of the expected format.",
                "Run Export-ExchangeFacts.ps1 of this version of the agent again. It writes a new file beside the old one and renames it, so that no half-written one is seen: check that the copy to the agent does the same."
            )
        case .snapshotWrongOrganization:
            (
                "The snapshot is of another organization.",
                "Check which file 'snapshot' in agent.yaml names, and that 'organization' and 'tenant.domains' contain an accepted domain of this organization (Get-AcceptedDomain)."
            )
        case .snapshotIncomplete:
            (
                "A part of the organization is not in the snapshot, and is not judged.",
                "Start the server that did not answer, or add the one that is not watched to 'servers' in agent.yaml; if a cmdlet was denied, make the account of the scheduled task a member of the role group View-Only Organization Management."
            )
        case .credentialUnreadable:
            (
                "One of the agent's own files (credential, private key, trusted roots) cannot be used, or a private key file is accessible to other users.",
                "Check the path that the error names. A private key file must belong to the agent's user and must not be accessible to others: chmod 0640 FILE."
            )
        case .dnsFailed:
            (
                "The name does not resolve.",
                "Check the spelling of the host name and the DNS resolver of this machine (getent hosts NAME). The name of a retired service may have been removed."
            )
        case .connectRefused:
            (
                "The connection was refused: no service listens on the port, or a firewall rejects the connection.",
                "Check that the service is running (IIS on an Exchange server: Get-Service W3SVC) and that the address and port are correct."
            )
        case .connectTimeout:
            (
                "The connection attempt timed out.",
                "Check that the host is up and that no firewall between the agent and the host drops connections to the port."
            )
        case .networkUnreachable:
            (
                "There is no route to the address.",
                "Check routing and the address family (is IPv6 configured without a route?) on this machine."
            )
        case .connectionReset:
            (
                "The connection was closed by the peer or by a device on the path.",
                "Check for a TLS-inspecting firewall or a load balancer without healthy members, then check the server's event log."
            )
        case .timeout:
            (
                "The response was not complete within the probe's timeout.",
                "Check which stage timed out, and compare with its usual duration. Restart the service if it hangs, or raise 'timeout' if it is only slow."
            )
        case .proxyRefused:
            (
                "The proxy did not establish the connection.",
                "Allow the host that the error names on the proxy, or correct 'proxy' in agent.yaml."
            )
        case .proxyAuthentication:
            (
                "The proxy requires authentication.",
                "Give the proxy an account: a user in its URL, or 'windowsAuth' under 'proxy' in agent.yaml (in a module: 'proxy_windows_auth'). Or exempt this machine from authentication on the proxy, or add the hosts to 'proxy.noProxy'."
            )
        case .tlsHandshakeFailed:
            (
                "The TLS handshake failed.",
                "Check that the port speaks TLS 1.2 or later and that a certificate is bound to it (IIS bindings)."
            )
        case .clientCertificateRequired:
            (
                "The peer requires a client certificate, and received none or rejected the one it received.",
                "Configure a certificate that the peer accepts ('cert_file' and 'key_file' of 'tls_config' in the module or definition). If it was rejected, the TLS alert in the exception says why: unknown_ca means that the peer does not trust its issuer."
            )
        case .renegotiationInsecure:
            (
                "The peer does not support secure renegotiation (RFC 5746).",
                "Update the peer's TLS library: without it, an attacker can insert data before a client's request (CVE-2009-3555)."
            )
        case .certificateUntrusted:
            (
                "The peer's TLS certificate does not chain to a trusted root, or may not be used for TLS server authentication.",
                "The exception says what is missing. On-premises CA: add its root certificate to 'tls.caFile' (in a module: 'ca_file'). Cloud host: check the issuer, a TLS-inspecting proxy is probably on the path. Missing intermediate certificate: install it on the server."
            )
        case .certificateNameMismatch:
            (
                "The peer's TLS certificate is not valid for the requested name.",
                "Set the server's 'hostname' to one of the names that the error lists, or bind the correct certificate."
            )
        case .certificateRevoked:
            ("The peer's TLS certificate was revoked by its issuer.", "Request a new certificate and bind it.")
        case .certificateExpired:
            (
                "The certificate has expired.",
                "OAuth certificate: create a new one (New-ExchangeCertificate), set it with Set-AuthConfig, publish it, then upload it to the tenant (Hybrid Configuration Wizard). TLS certificate: renew and bind it."
            )
        case .certificateNotYetValid:
            (
                "The certificate is not yet valid.",
                "Check the clocks first. If they are correct, wait, or issue a certificate that is valid now."
            )
        case .certificateExpiresSoon:
            (
                "The certificate expires within the warning threshold, and no successor is staged in time.",
                "OAuth certificate: stage the next one now (New-ExchangeCertificate, Set-AuthConfig -NewCertificateThumbprint), and upload it to the tenant before it takes effect. TLS certificate: renew and bind it."
            )
        case .certificateExpiresVerySoon:
            (
                "The certificate expires within the failure threshold, and no successor is staged in time.",
                "Rotate it now: New-ExchangeCertificate, Set-AuthConfig, publish, upload to the tenant. The change may take a day to propagate."
            )
        case .certificateMissing:
            (
                "A required certificate is missing.",
                "If another server has it, import it before you create a new one. There: $pfx = Export-ExchangeCertificate -Thumbprint <thumbprint> -BinaryEncoded -Password (Read-Host -AsSecureString); [IO.File]::WriteAllBytes('C:\\oauth.pfx', $pfx.FileData). Then for the server that lacks it: Import-ExchangeCertificate -Server <server> -FileData ([IO.File]::ReadAllBytes('C:\\oauth.pfx')) -Password (Read-Host -AsSecureString) -PrivateKeyExportable $true. If no server has it, create a new one: agent explain rotation_missing. Check the output of Get-AuthConfig."
            )
        case .certificateUnreadable:
            (
                "The certificate cannot be read or parsed.",
                "File: check the path, and that the agent may read it; a key store needs 'passwordFile', anything else export again as DER or PEM (OAuth certificate: Export-ExchangeCertificate). Certificate presented by a TLS server: have it reissued."
            )
        case .privateKeyMissing:
            (
                "The certificate has no private key.",
                "On the server without the key, try: certutil -repairstore my <thumbprint>. If that does not help, remove the copy there (Remove-ExchangeCertificate -Server <server> -Thumbprint <thumbprint>); on a server that has the key: $pfx = Export-ExchangeCertificate -Thumbprint <thumbprint> -BinaryEncoded -Password (Read-Host -AsSecureString); [IO.File]::WriteAllBytes('C:\\oauth.pfx', $pfx.FileData); then Import-ExchangeCertificate -Server <server> -FileData ([IO.File]::ReadAllBytes('C:\\oauth.pfx')) -Password (Read-Host -AsSecureString) -PrivateKeyExportable $true. If no server has the key, create a new certificate: agent explain rotation_missing."
            )
        case .serviceWithoutCertificate:
            (
                "A service of the server has no usable certificate.",
                "List them with Get-ExchangeCertificate -Server <server>, then Enable-ExchangeCertificate -Server <server> -Thumbprint <a valid one> -Services IIS,SMTP (answer No when it asks to overwrite the default SMTP certificate, unless that is the one that is missing)."
            )
        case .keyTooSmall:
            (
                "The key is shorter than the minimum.",
                "Replace the certificate with one that has an RSA key of 2048 bits or more: New-ExchangeCertificate -KeySize 2048. In a TLS chain, it may be an issuer's certificate: the error names it."
            )
        case .keyTypeUnsupported:
            (
                "Exchange cannot sign its tokens with this type of key.",
                "Replace the certificate with one that has an RSA key: Exchange signs its tokens with RS256."
            )
        case .signatureWeak:
            (
                "The certificate is signed with SHA-1 or MD5.",
                "OAuth certificate: replace it with one signed with SHA-256 at the next rotation. TLS certificate: replace it now, because clients reject it. It may be an issuer's certificate: the error names it."
            )
        case .thumbprintDrift:
            (
                "A copy of a certificate differs from the one that is current.",
                "On the server that differs, import the certificate that AuthConfig names and recycle MSExchangeAutodiscoverAppPool. If the exported file differs, export it again."
            )
        case .thumbprintSettling:
            (
                "A new key was seen recently, and not all copies have changed to it yet.",
                "Wait for the settling time to pass. Act if the reason becomes thumbprint_drift."
            )
        case .authconfigOutdated:
            (
                "All servers agree on one certificate, but the configured thumbprint names another.",
                "Set authConfig.currentCertificateThumbprint in agent.yaml to the thumbprint that the warning names, then run 'agent reload'."
            )
        case .rotationOverdue:
            (
                "The next certificate's effective date has passed, but it has not become the current certificate.",
                "In the Exchange Management Shell: Set-AuthConfig -PublishCertificate, then on every server: \(Self.restart) \(Self.upload)"
            )
        case .rotationTooLate:
            (
                "The next certificate takes effect only after the current one has expired, or has no effective date.",
                "Set-AuthConfig -NewCertificateThumbprint <the next one's thumbprint> -NewCertificateEffectiveDate <a date before the current one expires>, at least 48 hours ahead if there is time. \(Self.upload)"
            )
        case .rotationSameCertificate:
            (
                "The next certificate is the same as the current one.",
                "Stage another one. " + Self.staging
            )
        case .rotationEndsEarlier:
            (
                "The next certificate expires before the current one.",
                "It is most likely an old one (compare with Get-ExchangeCertificate): stage a new one. " + Self.staging
            )
        case .rotationMissing:
            (
                "No next certificate is staged although the current one expires soon.",
                Self.staging
            )
        case .metadataURLMismatch:
            (
                "The auth server's metadata URL names another tenant.",
                "Run Set-AuthServer -AuthMetadataUrl with this organization's domain or tenant ID, and set the same URL in agent.yaml."
            )
        case .metadataMalformed:
            (
                "The response is not an auth metadata document.",
                "Open the metadata URL in a browser: an error page or another service may be answering there."
            )
        case .metadataNoKeys:
            (
                "The auth metadata document contains no signing key, so tokens from that server cannot be verified.",
                "The OAuth certificate is missing or expired on that server: import it with its private key, then recycle MSExchangeAutodiscoverAppPool."
            )
        case .metadataWrongRealm:
            (
                "The auth server's document is for another tenant.",
                "Compare tenant.id and authServer.metadataUrl with the output of Get-AuthServer."
            )
        case .metadataNoTokenEndpoint:
            (
                "The auth server's document contains no token endpoint.",
                "Check that the metadata URL is the auth server's current one, not a retired one."
            )
        case .httpStatus:
            (
                "The response has an unexpected HTTP status.",
                "Open the URL in a browser, and check the server's HTTP and application logs."
            )
        case .httpRedirect:
            (
                "The service responded with a redirect, which is not followed here.",
                "If the redirect is intended, configure the final URL."
            )
        case .httpTooLarge:
            (
                "The response is larger than the probe accepts, as sent or after decompression.",
                "Fetch the URL that the error names by hand: another service may be answering there. Where no URL is named, another service may be listening on the port."
            )
        case .httpMalformed:
            (
                "The peer does not speak HTTP, or its response is incomplete.",
                "Check the port and the service, and whether a device on the path truncates responses."
            )
        case .applicationUnknown, .tenantUnknown, .consentMissing, .conditionalAccess, .keyNotInTenant, .tenantKeyDatesDiffer,
            .sharedPrincipalKeysLeft, .sharedPrincipalBlocked, .overrideMissing, .overrideDoubled, .ewsBlocked, .graphRouteMissing,
            .buildTooOld:
            Self.tenant[self] ?? ("", "")
        case .domainExpired, .domainExpiresSoon, .domainExpiresVerySoon, .domainMissing, .privateKeyMismatch, .lifetimeTooLong,
            .pinMismatch, .crlMissing, .crlStale, .stapleMissing, .stapleUnusable, .revocationUnknown:
            Self.certificates[self] ?? ("", "")
        case .startTLSMissing, .mailRefused, .mailMalformed, .mailNotDelivered, .mailNotUnseen: Self.mail[self] ?? ("", "")
        case .tokenRefused:
            (
                "The token endpoint rejected the agent's credential.",
                "Look up the AADSTS code in the error. Compare pushProxy.token or tenant.credential (clientId, scope) or the module's 'oauth2' (client_id, client_secret, scopes) with the app registration."
            )
        case .tokenKeyUnknown:
            (
                "The tenant does not know the agent's own key.",
                "Upload the agent's certificate (the file that the error names) to its app registration. Exchange's certificate is not affected."
            )
        case .tokenMalformed:
            (
                "The token endpoint's response contains no token.",
                "Check pushProxy.token.endpoint, or 'token_url' of the module's 'oauth2'. A proxy or portal may have answered."
            )
        case .challengeMissing:
            (
                "The endpoint does not offer OAuth authentication.",
                "Enable OAuth on the virtual directory: Set-WebServicesVirtualDirectory or Set-AutodiscoverVirtualDirectory, -OAuthAuthentication $true."
            )
        case .challengeWrongTenant:
            (
                "The endpoint's OAuth challenge names another tenant.",
                "Compare the tenants that the error names with tenant.id in agent.yaml, and the realms in Get-AuthServer with the tenant."
            )
        case .endpointRefusedToken:
            ("The endpoint rejected the token that the token endpoint issued.", "Check the scope and permissions of the app registration.")
        case .endpointThrottled:
            (
                "The endpoint throttles requests.",
                "Probe less often ('every'), and check whether another client of the same tenant sends many requests."
            )
        case .endpointUnavailable:
            (
                "The endpoint reports that it is unavailable.",
                "Microsoft's service: check the service health of the tenant, and wait. An Exchange server: Get-HealthReport and Get-ServerComponentState show what it considers unhealthy or has taken out of service."
            )
        case .answerUnexpected:
            (
                "The target's response does not match the probe's options.",
                "Compare what the error names (status, header, body, line, record) with the options of the module or definition. '/probe?...&debug=true' shows the target's response."
            )
        case .dnsRcode:
            (
                "The DNS server returned a response code that the probe's options do not accept.",
                "NXDOMAIN: the queried name does not exist. REFUSED: the server does not answer this client. SERVFAIL: check the server's log. The option 'valid_rcodes' lists the accepted codes."
            )
        case .healthNotServing:
            (
                "The service answered the health check, but reports that it is not serving.",
                "Check the service's log. NOT_SERVING is reported by the service itself; SERVICE_UNKNOWN means that the service does not know the name in the option 'service'."
            )
        case .targetForbidden:
            (
                "This caller is not allowed to probe the target's address.",
                "If it should be allowed, change the key in agent.yaml that the error names ('probe.denyTargets', 'probe.allowTargets', 'probe.allowFrom'), then run 'agent reload'."
            )
        case .targetInvalid:
            (
                "The target is not valid for this kind of probe.",
                "Correct it as the error says: a URL for http, websocket and certificate-url, host:port for tcp and grpc, host or host:port for tls, a host for icmp and dns, a path for unix, a path or pattern for certificate-file, a registered domain for domain-expiry."
            )
        case .systemRefused:
            (
                "The operating system does not allow the agent to do what the probe requires.",
                "Do what the error says: allow ping sockets for the agent's group (sysctl net.ipv4.ping_group_range), grant the agent CAP_NET_RAW, or raise its limit of open files."
            )
        case .loginRefused:
            (
                "The server does not accept the user name and password, or none of the ways to log in that are configured.",
                "Check the user and the password, and that the account is not locked or disabled. Mail: the server must offer AUTH PLAIN or LOGIN, and the protocol be on for the account (Get-CASMailbox <user> | Format-List ImapEnabled; for SMTP, Basic authentication over TLS on the receive connector). Windows authentication: the virtual directory must offer the scheme (Get-WebServicesVirtualDirectory | Format-List *Authentication*); where it requires Extended Protection, use 'scheme: negotiate', because NTLM is sent without it."
            )
        case .kerberosFailed:
            (
                "No Kerberos ticket for the server could be obtained, so the request was not made.",
                "The error says why. Cannot find KDC, or no response in time: check the realm and its servers in /etc/krb5.conf, and that this machine reaches them (port 88). Preauthentication failed: the password or keytab is outdated (test it: kinit -k -t KEYTAB USER). Client not found: correct the user. Server not found in Kerberos database: the service principal name is missing (setspn -Q HTTP/<host>), or the server is reached by another name. Clock skew too great: synchronise the clock of this machine."
            )
        case .clockSkew:
            (
                "The clocks of this machine and of the server differ so much that tokens may be rejected.",
                "Check time synchronisation (timedatectl; w32tm /query /status) on both machines."
            )
        case .notObserved:
            (
                "There was nothing to judge.",
                "The error says what is missing. OAuth certificate: make at least one copy available: a reachable metadata document, an exported certificate file, or a current snapshot from Exchange. Domain: name its registry with 'server' or 'bootstrapFile'."
            )
        case .preauthenticationSuspected:
            (
                "A gateway answered, not Exchange.",
                "Set 'address' to the server itself, or set 'metadata: false' if its document cannot be reached from the agent."
            )
        case .addressIsLoadBalanced:
            ("The address belongs to a load balancer or to several servers.", "Set 'address' to the server itself.")
        case .probePoisoned:
            (
                "The run did not stop when it was cancelled at its timeout.",
                "This is a bug in the agent: run 'agent restart', and report the bug with the log."
            )
        case .probeQuarantined:
            (
                "The probe is no longer run because three of its runs did not stop in time.",
                "Run 'agent restart', and report the bug with the log."
            )
        }
    }
}
