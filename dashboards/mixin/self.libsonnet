// The agent itself: whether it keeps its schedule, can write and send, and what it uses.
local lib = import 'lib.libsonnet';
local A = lib.agents;
local who = '{{instance}}';
local age = '(time() - health_agent_start_time_seconds{%s}) * on (job, instance) group_left (version, revision) health_agent_build_info{%s}' % [A, A];
local each(name) = 'max by (instance) (%s{%s})' % [name, A];
local speed(name) = 'sum by (instance) (rate(%s{%s}[$__rate_interval]))' % [name, A];
local late = 'sum by (instance) (rate(health_agent_probe_lateness_seconds_count{%s}[$__rate_interval])) - sum by (instance) (rate(health_agent_probe_lateness_seconds_bucket{%s,le="1"}[$__rate_interval])) + sum by (instance) (rate(health_agent_probes_skipped_total{%s}[$__rate_interval]))' % [A, A, A];
local quantile(q) = 'histogram_quantile(%g, sum by (instance, le) (rate(health_agent_probe_lateness_seconds_bucket{%s}[$__rate_interval])))' % [q, A];

lib.dashboard(
  'agent-self',
  'Agent / Itself',
  'Whether the agent keeps its schedule, can write and send, and what it uses.',
  lib.agentVariables,
  [
    [6, [
      [16, lib.table(
        'Agents',
        'Every agent that answers: its version, where it probes from, and for how long it has been running.',
        's',
        '(%s) * on (job, instance) group_left (vantage, external_url) health_agent_info{%s} or on (job, instance) (%s)' % [age, A, age],
        [['instance', 'Instance'], ['vantage', 'Vantage point'], ['version', 'Version'], ['revision', 'Revision'], ['external_url', 'Status page'], ['Value', 'Running for']],
        [['Status page', 'The status page of this agent', '${__value.raw}/']]
      )],
      [4, lib.stat(
        'Configuration in force',
        'Whether the files on disk were valid when they were last read; if not, the previous configuration remains in effect.',
        'bool_yes_no',
        'min(health_agent_config_last_reload_successful{%s})' % A,
        [[null, 'red'], [1, 'green']],
        [[0, 'Outdated', 'red'], [1, 'Up to date', 'green']]
      )],
      [4, lib.stat(
        'History',
        'Whether results, overrides and decisions can be written to the disk.',
        'bool_yes_no',
        'min(health_agent_history_writable{%s})' % A,
        [[null, 'red'], [1, 'green']],
        [[0, 'Not writable', 'red'], [1, 'Writable', 'green']]
      )],
    ]],
    [8, [
      [8, lib.graph(
        'Late or skipped runs',
        'Runs per second that began more than a second late, or were skipped. If it is not 0, the agent has too much to do.',
        'ops',
        [lib.query(late, who)]
      )],
      [8, lib.graph(
        'Lateness',
        'How long after its time a run begins: half of the runs, and the latest in a hundred.',
        's',
        [lib.query(quantile(0.5), who + ' median'), lib.query(quantile(0.99), who + ' 99th percentile')]
      )],
      [8, lib.graph(
        'Runs',
        'Runs that began per second, and runs in progress.',
        'none',
        [lib.query(speed('health_agent_probe_lateness_seconds_count'), who + ' per second'), lib.query(each('health_agent_probes_running'), who + ' in progress')]
      )],
    ]],
    [8, [
      [8, lib.graph('CPU', 'Cores in use.', 'none', [lib.query(speed('process_cpu_seconds_total'), who)])],
      [8, lib.graph('Memory', 'Resident memory.', 'bytes', [lib.query(each('process_resident_memory_bytes'), who)])],
      [8, lib.graph(
        'File descriptors',
        'Open file descriptors, and their limit.',
        'short',
        [lib.query(each('process_open_fds'), who + ' open'), lib.query(each('process_max_fds'), who + ' limit')]
      )],
    ]],
    [8, [
      [8, lib.graph(
        'Connections',
        'Open connections to the agent, and their limit.',
        'short',
        [lib.query(each('health_agent_connections'), who + ' open'), lib.query(each('health_agent_connections_limit'), who + ' limit')]
      )],
      [8, lib.graph(
        'Connections closed by the agent',
        'Per second: timed out, displaced by new ones while idle, or refused at the limit; and failures to accept for lack of file descriptors or memory.',
        'cps',
        [
          lib.query('sum by (instance, reason) (rate(health_agent_connections_closed_total{%s}[$__rate_interval]))' % A, who + ' {{reason}}'),
          lib.query(speed('health_agent_accept_failures_total'), who + ' not accepted'),
        ]
      )],
      [8, lib.graph(
        'History database', 'The size of the history database.', 'bytes', [lib.query(each('health_agent_history_size_bytes'), who)]
      )],
    ]],
    [8, [
      [8, lib.timeline(
        'Alertmanagers',
        'Whether the last request to each Alertmanager was successful; needs alertmanagers in agent.yaml.',
        [lib.query('min by (instance, alertmanager) (health_alertmanager_reachable{%s})' % A, who + ' to {{alertmanager}}')],
        lib.yesNo
      )],
      [8, lib.graph(
        'Responders',
        'Attempts of webhooks and commands per second, by outcome; needs responders in agent.yaml.',
        'ops',
        [lib.query('sum by (responder, outcome) (rate(health_responder_attempts_total{%s}[$__rate_interval]))' % A, '{{responder}}: {{outcome}}')]
      )],
      [8, lib.timeline(
        'Lists of targets',
        'Whether each list of targets could be read; if not, its last valid targets remain in use. Needs targetsFrom in a definition.',
        [lib.query('min by (instance, definition, source) (health_agent_target_list_successful{%s})' % A, who + ' {{definition}} {{source}}')],
        lib.yesNo
      )],
    ]],
    [8, [
      [8, lib.graph(
        'What was lost',
        'Per second: results that could not be stored, and requests for unknown modules.',
        'ops',
        [lib.query(speed('health_agent_history_dropped_total'), who + ' results'), lib.query(speed('health_agent_unknown_modules_total'), who + ' requests')]
      )],
      [8, lib.graph('Overrides', 'Overrides in force.', 'short', [lib.query(each('health_agent_overrides_active'), who)])],
      [8, lib.timeline(
        'Acts for its twins',
        'Whether the agent runs responders: of agents with the same responderLock, one does. Needs responderLock in agent.yaml.',
        [lib.query('max by (instance) (health_agent_leader{%s})' % A, who)],
        [[0, 'Stands by', 'blue'], [1, 'Acts', 'green']]
      )],
    ]],
  ]
)
