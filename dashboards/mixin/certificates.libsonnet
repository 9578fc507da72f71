// Every certificate that the agent sees: how long it lasts, where it is, and whether it is the same everywhere.
local lib = import 'lib.libsonnet';
local P = lib.probes;
local A = lib.agents;
local O = A + ',server=~"$server|"';
local tls = 'health_probe_certificate_not_after_timestamp_seconds{%s} and health_probe_certificate_not_before_timestamp_seconds{%s}' % [P, P];

lib.dashboard(
  'agent-certificates',
  'Agent / Certificates',
  'Every certificate that the agent sees, and how long it lasts.',
  lib.probeVariables(),
  [
    [4, [
      [5, lib.stat(
        'OAuth certificate expires in',
        'The shortest remaining time of a current or next OAuth certificate.',
        's',
        'min(oauth_certificate_not_after_timestamp_seconds{%s,slot!~"previous|unknown"}) - time()' % O,
        lib.left
      )],
      [5, lib.stat(
        'First TLS certificate expires in',
        'The shortest remaining time of a certificate of a TLS server, or of an issuer in its verified chain.',
        's',
        'min(%s) - time()' % tls,
        lib.left
      )],
      [5, lib.stat(
        'First certificate in a file expires in',
        'The shortest remaining time of a certificate in a file that is watched.',
        's',
        'min(health_probe_file_certificate_not_after_timestamp_seconds{%s}) - time()' % P,
        lib.left
      )],
      [5, lib.stat(
        'First domain expires in',
        'The shortest remaining time of the registration of a domain.',
        's',
        'min(health_probe_domain_expiry_timestamp_seconds{%s}) - time()' % P,
        [[null, 'red'], [7 * 86400, 'orange'], [30 * 86400, 'green']]
      )],
      [4, lib.stat(
        "Agent's own certificate expires in",
        'The certificate with which the agent itself obtains tokens.',
        's',
        'min(agent_credential_not_after_timestamp_seconds{%s}) - time()' % A,
        lib.left
      )],
    ]],
    [9, [
      [12, lib.graph(
        'Time left of OAuth certificates',
        'The remaining time of each OAuth certificate, with the thresholds of agent.yaml.',
        's',
        [
          lib.query('min by (thumbprint, slot) (oauth_certificate_not_after_timestamp_seconds{%s} - time())' % O, '{{thumbprint}} ({{slot}})'),
          lib.query('max by (threshold) (health_agent_threshold_seconds{%s})' % A, 'threshold: {{threshold}}'),
        ],
        min=null
      )],
      [12, lib.table(
        'Copies of OAuth certificates',
        'Every place where an OAuth certificate was seen. A copy without a server is shared by all.',
        's',
        'min by (server, source, slot, thumbprint) (oauth_certificate_not_after_timestamp_seconds{%s}) - time()' % O,
        [['thumbprint', 'Thumbprint'], ['slot', 'Slot'], ['source', 'Source'], ['server', 'Server'], ['Value', 'Expires in']]
      )],
    ]],
    [7, [
      [12, lib.timeline(
        'Copies that differ',
        'Whether each copy is the OAuth certificate that AuthConfig names; Settling: it has changed recently.',
        [lib.query('max by (server, source) (oauth_certificate_drift{%s})' % O, '{{server}} {{source}}')],
        [[0, 'Same', 'green'], [1, 'Differs', 'red'], [2, 'Settling', 'orange']]
      )],
      [12, lib.timeline(
        'Metadata documents',
        "Whether the auth server's and each server's auth metadata document could be read and used.",
        [lib.query('max by (server, document) (oauth_metadata_reachable{%s})' % O, '{{server}} {{document}}')],
        lib.yesNo
      )],
    ]],
    [9, [
      [12, lib.table(
        'Certificates of TLS servers',
        'What each server presents: depth 0 is its own certificate. Certificates that failed verification are included.',
        's',
        'min by (server, target, address, stage, depth, fingerprint_sha256) (health_probe_certificate_not_after_timestamp_seconds{%s}) - time()' % P,
        [['server', 'Server'], ['target', 'Target'], ['address', 'Address'], ['stage', 'Stage'], ['depth', 'Depth'], ['fingerprint_sha256', 'SHA-256'], ['Value', 'Expires in']]
      )],
      [12, lib.table(
        'Certificates in files',
        'Every certificate in the files that are watched; part is its number or alias in the file.',
        's',
        'min by (file, part, subject_cn, fingerprint_sha256) (health_probe_file_certificate_not_after_timestamp_seconds{%s}) - time()' % P,
        [['file', 'File'], ['part', 'Part'], ['subject_cn', 'Subject'], ['fingerprint_sha256', 'SHA-256'], ['Value', 'Expires in']]
      )],
    ]],
    [8, [
      [8, lib.table(
        'Faults of certificates',
        'Probes that fail or warn because of a certificate, with the reason.',
        'none',
        'max by (health_set, probe, server, target, address, reason, severity) (health_probe_reason_info{%s,reason=~"certificate_.*|key_.*|signature_weak|pin_mismatch|crl_.*|staple_.*|thumbprint_.*|rotation_.*|domain_.*"})' % P,
        [['health_set', 'Health set'], ['probe', 'Probe'], ['server', 'Server'], ['target', 'Target'], ['address', 'Address'], ['reason', 'Reason'], ['severity', 'Severity']],
        [lib.explain, lib.probeLink]
      )],
      [8, lib.table(
        'Key sizes',
        'Bits of the keys of OAuth certificates and of those that TLS servers present.',
        'none',
        'min by (server, target, thumbprint, fingerprint_sha256) (oauth_certificate_key_size{%s} or health_probe_certificate_key_size{%s})' % [O, P],
        [['server', 'Server'], ['target', 'Target'], ['thumbprint', 'Thumbprint'], ['fingerprint_sha256', 'SHA-256'], ['Value', 'Bits']]
      )],
      [8, lib.table(
        'Domains',
        'How long each domain is still registered.',
        's',
        'min by (target) (health_probe_domain_expiry_timestamp_seconds{%s}) - time()' % P,
        [['target', 'Domain'], ['Value', 'Expires in']]
      )],
    ]],
  ]
)
