// A monitoring mixin. The files under ../grafana are rendered from it; the rules are those of ../prometheus,
// for the job that _config names.
{
  _config:: { job: 'agent' },

  grafanaDashboards+:: {
    [d.uid + '.json']: d
    for d in [(import 'overview.libsonnet'), (import 'certificates.libsonnet'), (import 'probe.libsonnet'), (import 'self.libsonnet')]
  },

  local job = self._config.job,
  local forJob(text) = std.strReplace(std.strReplace(text, 'job="agent"', 'job="' + job + '"'), "job='agent'", "job='" + job + "'"),
  prometheusAlerts+:: {
    groups+: std.parseYaml(forJob(importstr '../prometheus/alerts.yaml')).groups
             + std.parseYaml(forJob(importstr '../prometheus/vantage.yaml')).groups,
  },
}
