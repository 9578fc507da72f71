// What the dashboards have in common: variables, panels, and their arrangement in rows.
local datasource = { type: 'prometheus', uid: '${datasource}' };

local steps(list) = { mode: 'absolute', steps: [{ color: s[1], value: s[0] } for s in list] };

local mapping(list) = [{
  type: 'value',
  options: { [std.toString(s[0])]: { text: s[1], color: s[2], index: i } for i in std.range(0, std.length(list) - 1) for s in [list[i]] },
}];

local panel(type, title, description, unit, targets) = {
  type: type,
  title: title,
  description: description,
  datasource: datasource,
  targets: [targets[i] { refId: std.char(65 + i), datasource: datasource } for i in std.range(0, std.length(targets) - 1)],
  fieldConfig: { defaults: { unit: unit }, overrides: [] },
  options: {},
};

{
  // The matchers that choose agents, and those that choose probes; and the labels of a probe.
  agents: 'job=~"$job",instance=~"$instance"',
  probes: self.agents + ',server=~"$server",target=~"$target"',
  identity: 'job, health_set, probe, server, target, address',

  // Colours by value: of what should be 0, of a remaining time, of the numbers that stand for states.
  good: [[null, 'green'], [1, 'red']],
  warn: [[null, 'green'], [1, 'orange']],
  left: [[null, 'red'], [30 * 86400, 'orange'], [60 * 86400, 'green']],
  states: [[0, 'Healthy', 'green'], [1, 'Degraded', 'orange'], [2, 'Unhealthy', 'red'], [3, 'Repairing', 'blue'], [4, 'Disabled', 'gray'], [5, 'Unknown', 'purple']],
  results: [[1, 'Timeout', 'red'], [2, 'Poisoned', 'dark-red'], [3, 'Succeeded', 'green'], [4, 'Failed', 'red'], [5, 'Quarantined', 'dark-purple'], [6, 'Rejected', 'purple']],
  yesNo: [[0, 'No', 'red'], [1, 'Yes', 'green']],

  // A query for a graph.
  query(expr, legend): { expr: expr, legendFormat: legend },
  // A query for the newest values in a table.
  now(expr): { expr: expr, format: 'table', instant: true, range: false, legendFormat: '' },

  stat(title, description, unit, expr, colours, mapped=null): panel('stat', title, description, unit, [self.query(expr, '')]) {
    fieldConfig+: { defaults+: { thresholds: steps(colours) } + (if mapped == null then {} else { mappings: mapping(mapped) }) },
    options: { reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false }, colorMode: 'background', graphMode: 'none', textMode: 'value' },
  },
  graph(title, description, unit, targets, stacked=false, min=0): panel('timeseries', title, description, unit, targets) {
    fieldConfig+: { defaults+: { min: min, custom: {
      lineWidth: 1,
      fillOpacity: if stacked then 60 else 5,
      showPoints: 'never',
      stacking: { mode: if stacked then 'normal' else 'none' },
    } } },
    options: { legend: { displayMode: 'table', placement: 'bottom', calcs: ['lastNotNull', 'max'] }, tooltip: { mode: 'multi', sort: 'desc' } },
  },
  // Which state each row was in, over time.
  timeline(title, description, targets, mapped): panel('state-timeline', title, description, 'none', targets) {
    fieldConfig+: { defaults+: { mappings: mapping(mapped), custom: { fillOpacity: 80, lineWidth: 0 } } },
    options: { mergeValues: true, showValue: 'never', rowHeight: 0.8, legend: { displayMode: 'list', placement: 'bottom' } },
  },
  // Columns are pairs of label and heading, in order, the value last; labels that are not named are not shown. Links are pairs of column and URL.
  table(title, description, unit, expr, columns, links=[], mapped=null): panel('table', title, description, unit, [self.now(expr)]) {
    fieldConfig+: {
      defaults+: if mapped == null then {} else { mappings: mapping(mapped), custom: { cellOptions: { type: 'color-text' } } },
      overrides: [{
        matcher: { id: 'byName', options: link[0] },
        properties: [{ id: 'links', value: [{ title: link[1], url: link[2], targetBlank: std.startsWith(link[2], '${page}') }] }],
      } for link in links],
    },
    options: { sortBy: [{ displayName: columns[std.length(columns) - 1][1], desc: false }], footer: { show: false } },
    transformations: [
      { id: 'filterFieldsByName', options: { include: { names: [c[0] for c in columns] } } },
      { id: 'organize', options: {
        indexByName: { [columns[i][0]]: i for i in std.range(0, std.length(columns) - 1) },
        renameByName: { [c[0]]: c[1] for c in columns },
      } },
    ],
  },

  // The values of a label of a metric.
  variable(name, label, query, all='.*', more={}): {
    type: 'query',
    name: name,
    label: label,
    datasource: datasource,
    query: query,
    refresh: 2,
    sort: 1,
    multi: true,
    includeAll: true,
    allValue: all,
    current: { selected: true, text: ['All'], value: ['$__all'] },
  } + more,

  // The agents at the chosen vantage points are listed and 'All' means these: a fixed value for it would mean every agent.
  agentVariables: [
    { type: 'datasource', name: 'datasource', label: 'Data source', query: 'prometheus', current: {} },
    self.variable('job', 'Job', 'label_values(health_agent_build_info, job)', '.+'),
    self.variable('vantage', 'Vantage point', 'label_values(health_agent_info{job=~"$job"}, vantage)'),
    self.variable(
      'instance',
      'Instance',
      'query_result(health_agent_build_info{job=~"$job"} and on (job, instance) health_agent_info{job=~"$job",vantage=~"$vantage",vantage!=""} or health_agent_build_info{job=~"$job",vantage=~"$vantage"} unless on (job, instance) health_agent_info{job=~"$job",vantage!=""})',
      null,
      { regex: '/instance="([^"]*)"/' }
    ),
    // The URL of the status page: 'externalURL' of agent.yaml, or where Prometheus finds the agent.
    self.variable(
      'page',
      'Status page',
      'query_result(health_agent_info{job=~"$job",instance=~"$instance",external_url!=""} or on (job, instance) label_replace(health_agent_build_info{job=~"$job",instance=~"$instance"}, "external_url", "http://$1", "instance", "(.*)"))',
      null,
      { regex: '/external_url="([^"]*)"/', hide: 2, multi: false, includeAll: false, current: {} }
    ),
  ],
  // `more` stands before the servers and targets, and `selector` limits these.
  probeVariables(more=[], selector=''): self.agentVariables + more + [
    self.variable('server', 'Server', 'label_values(health_probe_interval_seconds{job=~"$job",instance=~"$instance"' + selector + '}, server)'),
    self.variable('target', 'Target', 'label_values(health_probe_interval_seconds{job=~"$job",instance=~"$instance",server=~"$server"' + selector + '}, target)'),
  ],

  explain: ['Reason', 'What ${__value.text} means, and what to do', '${page}/explain/${__value.text}'],
  probeLink: ['Probe', 'This probe', '/d/agent-probe?${__url_time_range}&${datasource:queryparam}&${job:queryparam}&${instance:queryparam}&var-health_set=${__data.fields["Health set"]}&var-probe=${__value.text}'],

  // Rows are lists of pairs of width (of 24) and panel, after a height.
  dashboard(uid, title, description, variables, rows): {
    local y(row) = std.foldl(function(sum, r) sum + r[0], rows[0:row], 0),
    local x(row, column) = std.foldl(function(sum, p) sum + p[0], rows[row][1][0:column], 0),
    uid: uid,
    title: title,
    description: description,
    tags: ['agent'],
    editable: false,
    schemaVersion: 39,
    time: { from: 'now-6h', to: 'now' },
    refresh: '1m',
    timezone: 'browser',
    graphTooltip: 1,
    templating: { list: variables },
    links: [
      { type: 'dashboards', title: 'Dashboards of the agent', tags: ['agent'], asDropdown: false, includeVars: true, keepTime: true, targetBlank: false },
      { type: 'link', title: 'Status page', tooltip: 'The page of the agent itself', url: '${page}/', icon: 'external link', includeVars: false, keepTime: false, targetBlank: true },
    ],
    panels: [
      rows[row][1][column][1] {
        id: 1 + column + std.foldl(function(sum, r) sum + std.length(r[1]), rows[0:row], 0),
        gridPos: { h: rows[row][0], w: rows[row][1][column][0], x: x(row, column), y: y(row) },
      }
      for row in std.range(0, std.length(rows) - 1)
      for column in std.range(0, std.length(rows[row][1]) - 1)
    ],
  },
}
