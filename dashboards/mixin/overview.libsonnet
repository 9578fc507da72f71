// What fails, why, and what comes next.
local lib = import 'lib.libsonnet';
local P = lib.probes;
local A = lib.agents;
local ID = lib.identity;
local columns = [['health_set', 'Health set'], ['probe', 'Probe'], ['server', 'Server'], ['target', 'Target'], ['address', 'Address']];
local reach = 'max by (vantage, health_set, probe, target, address) (health_probe_success{%s,target!=""} * on (job, instance) group_left (vantage) health_agent_info{%s,vantage!=""})' % [P, A];

lib.dashboard(
  'agent-overview',
  'Agent / Overview',
  'What fails, why, and what comes next.',
  lib.probeVariables(),
  [
    [4, [
      [4, lib.stat(
        'Failing probes',
        'Probes whose last run failed or timed out, as any of the agents sees it.',
        'short',
        'count(min by (%s) (health_probe_success{%s}) == 0) or vector(0)' % [ID, P],
        lib.good
      )],
      [4, lib.stat(
        'Warnings',
        'Probes that succeed with a warning, such as a certificate that expires soon.',
        'short',
        'count(group by (%s) (health_probe_reason_info{%s,severity="warning"})) or vector(0)' % [ID, P],
        lib.warn
      )],
      [4, lib.stat(
        'Inconclusive probes',
        'Probes whose last run could not judge: a failure would not be noticed.',
        'short',
        'count(max by (%s) (health_probe_judged{%s}) == 0) or vector(0)' % [ID, P],
        lib.warn
      )],
      [4, lib.stat(
        'Agents that do not answer',
        'Agents that Prometheus cannot scrape: the state of what they monitor is unknown.',
        'short',
        'count(up{%s} == 0) or vector(0)' % A,
        lib.good
      )],
      [4, lib.stat(
        'Next certificate expires in',
        'The shortest remaining time of all certificates: OAuth, TLS servers and files. Negative: it has expired.',
        's',
        'min(oauth_certificate_not_after_timestamp_seconds{%s,slot!~"previous|unknown"} or (health_probe_certificate_not_after_timestamp_seconds{%s} and health_probe_certificate_not_before_timestamp_seconds{%s}) or health_probe_file_certificate_not_after_timestamp_seconds{%s}) - time()' % [A, P, P, P],
        lib.left
      )],
      [4, lib.stat('Probes', 'Probes defined, over all servers, targets and agents.', 'short', 'sum(health_agent_probes{%s})' % A, [[null, 'blue']])],
    ]],
    [10, [
      [12, lib.timeline(
        'Health sets',
        'The worst state of the monitors of each health set, over time.',
        [lib.query('max by (health_set, server) (health_set_state{%s,server=~"$server"})' % A, '{{health_set}} {{server}}')],
        lib.states
      )],
      [12, lib.table(
        'What is wrong, and why',
        'Every probe that fails, warns or cannot judge, with its reason. A reason leads to its explanation, a probe to its dashboard.',
        'none',
        'max by (%s, stage, reason, severity) (health_probe_reason_info{%s})' % [ID, P],
        columns + [['stage', 'Stage'], ['reason', 'Reason'], ['severity', 'Severity']],
        [lib.explain, lib.probeLink]
      )],
    ]],
    [8, [
      [12, lib.table(
        'Monitors that are not Healthy',
        'Monitors in any other state than Healthy: what alerts, or is about to.',
        'none',
        'max by (%s, monitor) (health_monitor_state{%s}) > 0' % [ID, P],
        columns + [['monitor', 'Monitor'], ['Value', 'State']],
        [lib.probeLink],
        lib.states
      )],
      [6, lib.table(
        'In maintenance',
        'Health sets that do not alert, because somebody put them, or their server, in maintenance.',
        'none',
        'max by (health_set, server) (health_set_inactive{%s,server=~"$server"})' % A,
        [['health_set', 'Health set'], ['server', 'Server']]
      )],
      [6, lib.table(
        'Acknowledged',
        'Problems that somebody has acknowledged, and who.',
        'none',
        'max by (health_set, monitor, server, target, by) (health_monitor_acknowledged{%s})' % P,
        [['health_set', 'Health set'], ['monitor', 'Monitor'], ['server', 'Server'], ['target', 'Target'], ['by', 'By']]
      )],
    ]],
    [9, [
      [8, lib.graph(
        'Success by health set',
        'The share of the probes of each health set whose last run succeeded.',
        'percentunit',
        [lib.query('avg by (health_set) (health_probe_success{%s})' % P, '{{health_set}}')]
      )],
      [8, lib.graph(
        'Runs by result',
        'Runs per second by result; Rejected runs could not judge.',
        'ops',
        [lib.query('sum by (result_type) (rate(health_probe_runs_total{%s}[$__rate_interval]))' % P, '{{result_type}}')],
        stacked=true
      )],
      [8, lib.graph(
        'Duration by probe',
        'The longest last run of each probe, over servers and targets.',
        's',
        [lib.query('max by (health_set, probe) (health_probe_duration_seconds{%s})' % P, '{{health_set}}/{{probe}}')]
      )],
    ]],
    [9, [
      [12, lib.graph(
        'Targets reached, by vantage point',
        'The share of all targets that each vantage point reaches; needs the key vantage in agent.yaml.',
        'percentunit',
        [lib.query('avg by (vantage) (%s)' % reach, '{{vantage}}')]
      )],
      [12, lib.table(
        'Targets that some vantage points do not reach',
        'The share of the vantage points that reach the target.',
        'percentunit',
        'avg by (health_set, probe, target, address) (%s) < 1' % reach,
        [['health_set', 'Health set'], ['probe', 'Probe'], ['target', 'Target'], ['address', 'Address'], ['Value', 'Reached from']],
        [lib.probeLink]
      )],
    ]],
  ]
)
