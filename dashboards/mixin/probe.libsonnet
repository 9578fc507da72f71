// One probe, on all of its servers and targets, or on those that are chosen.
local lib = import 'lib.libsonnet';
local P = lib.probes + ',health_set=~"$health_set",probe=~"$probe"';
local who = '{{server}} {{target}} {{address}} ({{instance}})';
local one(name, label, query) = lib.variable(name, label, query, null, { multi: false, includeAll: false, current: {} });

lib.dashboard(
  'agent-probe',
  'Agent / Probe',
  'One probe, on all of its servers and targets.',
  lib.probeVariables(
    [
      one('health_set', 'Health set', 'label_values(health_probe_interval_seconds{job=~"$job",instance=~"$instance"}, health_set)'),
      one('probe', 'Probe', 'label_values(health_probe_interval_seconds{job=~"$job",instance=~"$instance",health_set=~"$health_set"}, probe)'),
    ], ',health_set=~"$health_set",probe=~"$probe"'
  ),
  [
    [4, [
      [4, lib.stat(
        'Failing',
        'Servers and targets for which the last run failed or timed out.',
        'short',
        'count(min by (%s) (health_probe_success{%s}) == 0) or vector(0)' % [lib.identity, P],
        lib.good
      )],
      [4, lib.stat(
        'Succeeded',
        'The share of the time in which the last run had succeeded, over the period shown.',
        'percentunit',
        'avg(avg_over_time(health_probe_success{%s}[$__range]))' % P,
        [[null, 'red'], [0.99, 'orange'], [0.999, 'green']]
      )],
      [4, lib.stat(
        'Slowest last run', 'The longest of the last runs, over servers and targets.', 's', 'max(health_probe_duration_seconds{%s})' % P, [[null, 'blue']]
      )],
      [4, lib.stat(
        'Time since the last run',
        'Of the server or target whose last run is longest ago.',
        's',
        'time() - min(health_probe_last_run_timestamp_seconds{%s})' % P,
        [[null, 'blue']]
      )],
      [4, lib.stat('Interval', 'How often the probe is scheduled to run.', 's', 'max(health_probe_interval_seconds{%s})' % P, [[null, 'blue']])],
      [4, lib.stat(
        'Certificate expires in',
        'The shortest remaining time of a certificate that a peer of this probe presents.',
        's',
        'min(health_probe_earliest_certificate_expiry_timestamp_seconds{%s}) - time()' % P,
        lib.left
      )],
    ]],
    [8, [
      [12, lib.timeline(
        'Results',
        'The result of the last run, for each server and target, and each agent that runs it.',
        [lib.query('max by (server, target, address, instance) (health_probe_result_type{%s})' % P, who)],
        lib.results
      )],
      [12, lib.table(
        'Reasons',
        'Why the last run failed, warned or could not judge. A reason leads to its explanation.',
        'none',
        'max by (instance, server, target, address, stage, reason, severity) (health_probe_reason_info{%s})' % P,
        [['server', 'Server'], ['target', 'Target'], ['address', 'Address'], ['instance', 'Seen by'], ['stage', 'Stage'], ['reason', 'Reason'], ['severity', 'Severity']],
        [lib.explain]
      )],
    ]],
    [9, [
      [12, lib.graph(
        'Duration',
        'How long each run took, for each server and target, and each agent that runs it.',
        's',
        [lib.query('max by (server, target, address, instance) (health_probe_duration_seconds{%s})' % P, who)]
      )],
      [12, lib.graph(
        'Duration by stage',
        'The mean duration of each stage, over servers and targets: which stage makes it slow.',
        's',
        [lib.query('avg by (stage) (health_probe_stage_duration_seconds{%s})' % P, '{{stage}}')],
        stacked=true
      )],
    ]],
    [9, [
      [8, lib.graph(
        'HTTP by phase',
        'The mean duration of each phase of the HTTP request, summed over redirects.',
        's',
        [lib.query('avg by (phase) (health_probe_http_duration_seconds{%s})' % P, '{{phase}}')],
        stacked=true
      )],
      [8, lib.graph(
        'Sample value',
        'The value that the probe measures, such as days left; agent explain PROBE says which.',
        'none',
        [lib.query('max by (server, target, address, instance) (health_probe_sample_value{%s})' % P, who)]
      )],
      [8, lib.graph(
        'Runs by result',
        'Runs per second by result; Rejected runs could not judge.',
        'ops',
        [lib.query('sum by (result_type) (rate(health_probe_runs_total{%s}[$__rate_interval]))' % P, '{{result_type}}')],
        stacked=true
      )],
    ]],
    [7, [
      [24, lib.timeline(
        'Monitors',
        'The state of each monitor of the probe.',
        [lib.query('max by (monitor, server, target, address, instance) (health_monitor_state{%s})' % P, '{{monitor}} ' + who)],
        lib.states
      )],
    ]],
  ]
)
