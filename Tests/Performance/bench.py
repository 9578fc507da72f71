#!/usr/bin/env python3
"""CPU and memory of the agent beside Debian's blackbox_exporter, Prometheus, Pushgateway and check_http, on loopback, as a Markdown table.

Both sides are measured in turn, the order swapped every round; the figure is the median of the rounds, the spread that of the
rounds' ratios. CPU is user and system time of the processes named, over the probes that nginx saw; nginx and the driver are not in it.
With --before the peer is another build of the agent, and the goal of every row is that nothing became dearer.
"""
import argparse
import contextlib
import gzip
import http.client
import json
import os
import platform
import re
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import quote

sys.dont_write_bytecode = True
from measure import Authority, Nginx, Process, definition, free_port, get, site, start_agent, wait_for

ROWS = ["http", "https", "tcp", "schedule-https", "schedule-http", "metrics", "memory", "certificates-tls", "certificates-file", "capacity-https", "capacity-http"]
parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--agent", required=True)
parser.add_argument("--before", metavar="AGENT", help="another build of the agent, to be the peer in every row")
parser.add_argument("--rounds", type=int, default=5, help="of the short rows; the rows on a schedule take half as many")
parser.add_argument("--quick", action="store_true", help="two rounds, short windows")
parser.add_argument("--only", choices=ROWS)
parser.add_argument("--strict", action="store_true", help="status 1 where a goal is missed")
options = parser.parse_args()
QUICK = options.quick
ROUNDS = min(options.rounds, 2) if QUICK else options.rounds
SLOW_ROUNDS = 1 if QUICK else max(1, ROUNDS // 2)
BEFORE_GOAL = 1.05
EXPORTER, PROMETHEUS, PUSHGATEWAY = "prometheus-blackbox-exporter", "prometheus", "prometheus-pushgateway"
CHECK_HTTP = "/usr/lib/nagios/plugins/check_http"
ADDRESSES = [f"127.0.0.{n}" for n in range(1, 65)]
HTTP_OPTIONS = "{ preferred_ip_protocol: ip4, valid_status_codes: [200] }"
HTTPS_OPTIONS = "{ preferred_ip_protocol: ip4, valid_status_codes: [200], fail_if_not_ssl: true, tls_config: { ca_file: %s } }"

# No two requests under way are alike, so that none can share the run of another; answers are counted that say the probe succeeded.
WRK_SCRIPT = """
local threads, paths, requests, number = {}, { %s }, {}, 0
function setup(thread) table.insert(threads, thread) end
function init(arguments)
  good = 0
  for index, path in ipairs(paths) do requests[index] = wrk.format("GET", path) end
end
function request()
  number = number %% #requests + 1
  return requests[number]
end
function response(status, headers, body)
  if string.find(body, "\\nprobe_success 1", 1, true) then good = good + 1 end
end
function done()
  local sum = 0
  for _, thread in ipairs(threads) do sum = sum + thread:get("good") end
  print("good " .. sum)
end
"""
missed, notes = [], []


def row(what, agent, peer, unit, goal, form="{:.0f}"):
    """One line of the table: figures of each round, the peer's None where the goal is no ratio."""
    goal = BEFORE_GOAL if options.before and peer and goal else goal
    ratios = [a / p for a, p in zip(agent, peer)] if peer else agent
    middle = statistics.median(ratios)
    verdict = "–" if goal is None else "ok" if middle <= goal else "MISSED"
    if verdict == "MISSED":
        missed.append(what)
    show = "{:.3f}".format if peer else form.format
    cells = [what, f"{form.format(statistics.median(agent))} {unit}", f"{form.format(statistics.median(peer))} {unit}" if peer else "–",
             show(middle) if peer else "–", f"{show(min(ratios))}..{show(max(ratios))}", "–" if goal is None else f"≤ {show(goal)}", verdict]
    print("| " + " | ".join(cells) + " |", flush=True)


def in_turn(rounds, agent, peer):
    """Figures of both, the order swapped every round."""
    taken = {agent: [], peer: []}
    for number in range(rounds):
        for side in (agent, peer) if number % 2 == 0 else (peer, agent):
            taken[side].append(side())
    return taken[agent], taken[peer]


def lab(folder, stack, names=("127.0.0.1",)):
    authority = Authority(folder / "ca", names)
    nginx = Nginx(stack, folder / "nginx", {"http": None, "https": authority.leaf()}, ADDRESSES)
    modules = folder / "blackbox.yml"
    https = HTTPS_OPTIONS % authority.root
    modules.write_text("modules:\n"
                       f"  http_2xx:\n    prober: http\n    timeout: 5s\n    http: {HTTP_OPTIONS}\n"
                       f"  https:\n    prober: http\n    timeout: 5s\n    http: {https}\n"
                       "  tcp_connect:\n    prober: tcp\n    timeout: 5s\n    tcp: { preferred_ip_protocol: ip4 }\n")
    return nginx, modules, https


def exporter(folder, stack, modules):
    address = f"127.0.0.1:{free_port()}"
    return Process(stack, [EXPORTER, f"--config.file={modules}", f"--web.listen-address={address}"], folder / "exporter.log", address)


def probes(wanted):
    """/probe over four kept connections, as fast as each side can."""
    seconds = 2 if QUICK else 5
    with site() as (folder, stack):
        nginx, modules, _ = lab(folder, stack)
        agent = start_agent(stack, options.agent, folder / "agent", modules=modules)
        peer = start_agent(stack, options.before, folder / "before", modules=modules) if options.before else exporter(folder, stack, modules)

        def drive(process, seconds):
            nginx.accepted()
            before = process.cpu()
            done = subprocess.run(["wrk", "-t1", "-c4", f"-d{seconds}s", "--timeout", "10s", "-s", folder / "wrk.lua", f"http://{process.address}"],
                                  capture_output=True, text=True, timeout=seconds + 60)
            time.sleep(0.2)
            used, seen = process.cpu() - before, nginx.accepted()
            count = re.search(r"(\d+) requests in", done.stdout)
            good = re.search(r"^good (\d+)", done.stdout, re.M)
            if not count or not good or int(count.group(1)) - int(good.group(1)) > 4 or seen < 0.99 * int(good.group(1)):
                sys.exit(f"{process.log}: not every probe succeeded, or nginx saw fewer ({seen}):\n{done.stdout}{done.stderr}\n{process.log.read_text()[-1000:]}")
            return used / seen * 1e6

        http, https = nginx.ports["http"], nginx.ports["https"]
        for name, module, targets, title, goal in (
            ("http", "http_2xx", [f"http://{a}:{http}/" for a in ADDRESSES], "`/probe`, HTTP", 1 / 3),
            ("https", "https", [f"https://127.0.0.1:{https}/p/{n}" for n in range(64)], "`/probe`, HTTPS, full handshake, chain verified", 9 / 10),
            ("tcp", "tcp_connect", [f"{a}:{http}" for a in ADDRESSES], "`/probe`, TCP connect", 1 / 2),
        ):
            if name not in wanted:
                continue
            paths = [f"/probe?module={module}&target={quote(target, safe='')}" for target in targets]
            (folder / "wrk.lua").write_text(WRK_SCRIPT % ", ".join(f'"{path}"' for path in paths))
            for process in (agent, peer):
                status, body = get(process.address, paths[0])
                if status != 200 or "\nprobe_success 1" not in body:
                    sys.exit(f"{process.log}: {paths[0]}: {status}\n{body}")
                drive(process, 1)
            row(title, *in_turn(ROUNDS, lambda: drive(agent, seconds), lambda: drive(peer, seconds)), "µs", goal)


def prometheus(folder, stack, modules, module, targets):
    """Prometheus that drives blackbox_exporter, as the latter's README has it: their processes and the address of the former."""
    folder.mkdir()
    peer, address = exporter(folder, stack, modules), f"127.0.0.1:{free_port()}"
    (folder / "prometheus.yml").write_text(json.dumps({
        "global": {"scrape_interval": "10s", "scrape_timeout": "5s"},
        "scrape_configs": [{
            "job_name": "blackbox", "metrics_path": "/probe", "params": {"module": [module]}, "static_configs": [{"targets": targets}],
            "relabel_configs": [{"source_labels": ["__address__"], "target_label": "__param_target"},
                                {"source_labels": ["__param_target"], "target_label": "instance"},
                                {"target_label": "__address__", "replacement": peer.address}]}]}))
    return [Process(stack, [PROMETHEUS, f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
                            f"--web.listen-address={address}"], folder / "prometheus.log", address), peer]


def schedule(name, title, goal):
    """A thousand targets every ten seconds: CPU over a window that is a whole number of intervals."""
    count, settling, window = 1000, 15, 20 if QUICK else 60
    with site() as (folder, stack):
        nginx, modules, https = lab(folder, stack)
        targets = [f"{name}://127.0.0.1:{nginx.ports[name]}/p/{n:04}" for n in range(count)]
        number = iter(range(1000))

        def window_of(processes):
            time.sleep(settling)
            nginx.accepted()
            before, began = sum(p.cpu() for p in processes), time.monotonic()
            time.sleep(window)
            used, lasted, seen = sum(p.cpu() for p in processes) - before, time.monotonic() - began, nginx.accepted()
            due = count * lasted / 10
            if not 0.95 * due < seen < 1.05 * due:
                sys.exit(f"{processes[0].log}: {seen} probes in {lasted:.0f} s, not {due:.0f}")
            return used / seen * 1e6

        def agent(program=options.agent):
            with contextlib.ExitStack() as inner:
                text = definition("Web", "10s", "5s", targets, options=https if name == "https" else HTTP_OPTIONS)
                process = start_agent(inner, program, folder / f"agent{next(number)}", [text])
                taken = window_of([process])
                good = len(re.findall(r"^health_probe_success\{[^}]*\} 1$", get(process.address, "/metrics")[1], re.M))
                if good != count:
                    sys.exit(f"{good} of {count} targets of the agent succeeded")
                return taken

        def peer():
            if options.before:
                return agent(options.before)
            with contextlib.ExitStack() as inner:
                processes = prometheus(folder / f"peer{next(number)}", inner, modules, "https" if name == "https" else "http_2xx", targets)
                taken = window_of(processes)
                _, body = get(processes[0].address, "/api/v1/query?query=sum(probe_success)")
                good = json.loads(body)["data"]["result"][0]["value"][1]
                if int(good) != count:
                    sys.exit(f"{good} of {count} targets of Prometheus succeeded")
                return taken

        row(title, *in_turn(SLOW_ROUNDS, agent, peer), "µs", goal)


def ran_once(agent, count, seconds=90):
    """Every target has a result; gives /metrics."""
    def text():
        body = get(agent.address, "/metrics")[1]
        if body.count("\nhealth_probe_last_run_timestamp_seconds{") >= count:
            return body
        time.sleep(1)
    return wait_for(f"a result of {count} targets", text, seconds)


def first_runs(nginx, count):
    """The agent begins all first runs within ten seconds; it is asked nothing meanwhile, nginx is."""
    time.sleep(12)
    seen = 0

    def all_seen():
        nonlocal seen
        seen += nginx.accepted()
        return seen >= count
    wait_for(f"a connection to each of {count} targets", all_seen)


def pushgateway(folder, stack, lines):
    address = f"127.0.0.1:{free_port()}"
    peer = Process(stack, [PUSHGATEWAY, "--persistence.file=", f"--web.listen-address={address}"], folder / "pushgateway.log", address)
    connection = http.client.HTTPConnection(address, timeout=300)
    connection.request("PUT", "/metrics/job/bench", "\n".join(lines) + "\n")
    answer = connection.getresponse()
    if answer.status >= 300:
        sys.exit(f"Pushgateway: {answer.status} {answer.read()[:500]}")
    connection.close()
    return peer


def metrics():
    """The same 100,000 series from the agent and from a Go program: the agent's own text, pushed to Pushgateway. Or from a build before."""
    wanted, scrapes = 100_000, 3 if QUICK else 5
    with site() as (folder, stack):
        nginx = lab(folder, stack)[0]
        targets = [f"http://127.0.0.1:{nginx.ports['http']}/p/{n}" for n in range(wanted)]

        def start(inner, name, count, program=options.agent):
            agent = start_agent(inner, program, folder / name, [definition("Web", "10m", "5s", targets[:count], options=HTTP_OPTIONS)])
            body = ran_once(agent, count)
            return agent, [line for line in body.splitlines() if re.match(r"(# \w+ )?health_probe_", line)]

        series = lambda lines: sum(1 for line in lines if line and not line.startswith("#"))
        with contextlib.ExitStack() as inner:
            each = series(start(inner, "agent-few", 100)[1]) // 100
        count = -(-wanted // max(1, each))
        agent, lines = start(stack, "agent", count)
        if options.before:
            peer, lines = start(stack, "before", count, options.before)
        else:
            peer = pushgateway(folder, stack, lines)
        sizes, number = {}, iter(range(1000))

        def scrape(process, encoding, times, warm=True):
            connection = http.client.HTTPConnection(process.address, timeout=120)

            def once():
                connection.request("GET", "/metrics", headers={"Accept": "text/plain;version=0.0.4", "Accept-Encoding": encoding})
                answer = connection.getresponse()
                return answer.getheader("Content-Encoding") or "identity", answer.read()

            if warm:
                once()
            before = process.cpu()
            for _ in range(times):
                coded, body = once()
            time.sleep(0.2)
            used = process.cpu() - before
            connection.close()
            text = gzip.decompress(body) if coded == "gzip" else body
            found = series(text.decode().splitlines())
            if coded != encoding or found < series(lines):
                sys.exit(f"{process.log}: {coded} in place of {encoding}, or {found} series of {series(lines)}")
            sizes['peer' if process is peer else 'agent', coded] = len(body) / 1e6
            return used / times * 1000

        def first(encoding, program=options.agent):
            """The first scrape of an agent whose targets have all run: no series is as it was at the scrape before."""
            with contextlib.ExitStack() as inner:
                nginx.accepted()
                fresh = start_agent(inner, program, folder / f"agent{next(number)}",
                                    [definition("Web", "10m", "5s", targets[:count], options=HTTP_OPTIONS)])
                first_runs(nginx, count)
                return scrape(fresh, encoding, 1, warm=False)

        for encoding, title, goal in (("identity", "plain", 1 / 20), ("gzip", "gzip", 1 / 6)):
            # The quick one is asked more often, so that both are measured over a like time.
            taken = in_turn(ROUNDS, lambda: scrape(agent, encoding, 4 * scrapes),
                            lambda: scrape(peer, encoding, 4 * scrapes if options.before else scrapes))
            row(f"`/metrics`, {series(lines):,} series, {title}, few of them changed", *taken, "ms", goal, "{:.1f}")
            slow = first(encoding, options.before) if options.before else statistics.median(taken[1])
            row("– the same where every series has changed: one first scrape", [first(encoding)], [slow], "ms", None, "{:.1f}")
        notes.append("/metrics: " + ", ".join(f"{who} {coded} {size:.1f} MB" for (who, coded), size in sizes.items())
                     + f"; {each} series a target; " + ("the peer is the build before" if options.before else "Pushgateway adds `instance` and `job` to each series"))


def memory():
    """10,000 targets over 64 addresses, and 100: memory, and whether a probe costs more among many."""
    every = 15 if QUICK else 60
    with site() as (folder, stack):
        nginx = lab(folder, stack)[0]
        number = iter(range(1000))
        resident, scraped = ({options.agent: [], options.before: []} for _ in range(2))

        def cost(count, program=options.agent):
            with contextlib.ExitStack() as inner:
                targets = [f"http://{ADDRESSES[n % 64]}:{nginx.ports['http']}/p/{n}" for n in range(count)]
                nginx.accepted()
                agent = start_agent(inner, program, folder / f"agent{next(number)}",
                                    [definition("Web", f"{every}s", "5s", targets, options=HTTP_OPTIONS)])
                first_runs(nginx, count)
                before, began = agent.cpu(), time.monotonic()
                time.sleep(every)
                used, seen, lasted = agent.cpu() - before, nginx.accepted(), time.monotonic() - began
                if not 0.9 * count < seen < 1.1 * count:
                    sys.exit(f"{seen} probes in {lasted:.0f} s, not {count}")
                if count > 100:
                    resident[program].append(agent.status("VmRSS") * 1024 / 1e6)
                    ran_once(agent, count)
                    scraped[program].append(agent.status("VmRSS") * 1024 / 1e6)
                return used / seen * 1e6

        if options.before:
            figures = in_turn(SLOW_ROUNDS, lambda: cost(10_000), lambda: cost(10_000, options.before))
        else:
            figures = in_turn(SLOW_ROUNDS, lambda: cost(10_000), lambda: cost(100))
        row(f"Resident memory, 10,000 HTTP targets every {every} s, 64 addresses",
            resident[options.agent], resident[options.before], "MB", 80, "{:.1f}")
        row("– the same after a scrape of `/metrics`", scraped[options.agent], scraped[options.before], "MB", None, "{:.1f}")
        row(f"CPU of a scheduled HTTP probe, every {every} s: among 10,000" + ("" if options.before else ", beside among 100"), *figures, "µs", 1.2)


def plugin(addresses, port):
    """CPU of one process of Debian's check_http that asks a server for the days of its certificate, of each address once."""
    def used():
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        return children.ru_utime + children.ru_stime

    before = used()
    for address in addresses:
        done = subprocess.run([CHECK_HTTP, "-I", address, "-p", str(port), "-S", "-C", "30"], capture_output=True, text=True, timeout=30)
        if done.returncode != 0:
            sys.exit(f"{CHECK_HTTP}: {done.stdout}{done.stderr}")
    return (used() - before) / len(addresses) * 1e6


def certificates(name):
    """The certificate of a server, or of a file that has not changed, beside a plugin that is started for each."""
    with site() as (folder, stack):
        nginx, _, https = lab(folder, stack, ADDRESSES)
        tls = "{ preferred_ip_protocol: ip4, tls_config:" + https.partition("tls_config:")[2]
        number = iter(range(1000))
        if name == "tls":
            count, every = 1000, 10
            targets, kind = [f"{ADDRESSES[n % 64]}:{nginx.ports['https']}" for n in range(64)], "tls"
            texts = [definition(f"TLS{n}", f"{every}s", "5s", targets, kind, tls) for n in range(count // 64)]
            count = len(texts) * len(targets)
        else:
            count, every = 5_000 if QUICK else 50_000, 15
            text, kind = (folder / "ca" / "leaf.pem").read_bytes(), "certificate-file"
            for n in range(count):
                path = folder / "files" / f"{n // 500:03}" / f"{n}.pem"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(text)
            texts = [definition("Files", f"{every}s", "15s", [f"{folder}/files/**/*.pem"], kind)]

        def agent(program=options.agent):
            with contextlib.ExitStack() as inner:
                process = start_agent(inner, program, folder / f"agent{next(number)}", texts)
                time.sleep(2 * every)
                before, began = process.cpu(), time.monotonic()
                time.sleep(4 * every)
                used, lasted = process.cpu() - before, time.monotonic() - began
                body = get(process.address, "/metrics")[1]
                good = len(re.findall(r"^health_probe_success\{[^}]*\} 1$", body, re.M))
                found = len(re.findall(r"^health_probe_(?:file_)?certificate_key_size\{", body, re.M))
                if good != (count if name == "tls" else 1) or found < count:
                    sys.exit(f"{process.log}: {good} probes succeeded, {found} certificates were found")
                resident.append(process.status("VmRSS") * 1024 / 1e6)
                return used * every / lasted / count * 1e6

        resident = []
        peer = (lambda: agent(options.before)) if options.before else (lambda: plugin(ADDRESSES, nginx.ports["https"]))
        what = f"kind `{kind}`" + (f", {count:,} unchanged files" if name == "file" else ", chain verified")
        taken = in_turn(SLOW_ROUNDS, agent, peer)
        row(f"A certificate, {what}, beside a process of check_http", *taken, "µs", 1 / 20, "{:.1f}")
        if name == "file":
            row("– share of a core, every 5 minutes", [used * count / 300e6 for used in taken[0]], None, "", 1 / 100, "{:.4f}")
            row("– resident memory, with the series of `/metrics`", resident[:1], None, "MB", None)


def starts(agent):
    """How many scheduled runs have begun, and how many have begun more than a second late or were skipped."""
    text = get(agent.address, "/metrics")[1]
    begun = int(re.search(r"^health_agent_probe_lateness_seconds_count (\d+)", text, re.M).group(1))
    on_time = int(re.search(r'^health_agent_probe_lateness_seconds_bucket\{le="1"\} (\d+)', text, re.M).group(1))
    return begun, begun - on_time + int(re.search(r"^health_agent_probes_skipped_total (\d+)", text, re.M).group(1))


def capacity(name):
    """The most targets every minute without a late run, by doubling and bisection with a sixth of them every ten seconds.

    What that finds is confirmed every minute, with a tenth less where it does not hold; CPU and memory are those of the confirmation.
    """
    with site() as (folder, stack):
        nginx, _, https = lab(folder, stack, ADDRESSES)
        number = iter(range(1000))

        def kept(count, every, settling):
            """Cores and MB where every run of a window of one interval is on time and succeeds, else None."""
            targets = [f"{name}://{ADDRESSES[n % 64]}:{nginx.ports[name]}/p/{n}" for n in range(count)]
            texts = [definition(f"Web{n}", f"{every}s", "5s", targets[n:n + 20_000], options=https if name == "https" else HTTP_OPTIONS)
                     for n in range(0, count, 20_000)]
            with contextlib.ExitStack() as inner:
                agent = start_agent(inner, options.agent, folder / f"agent{next(number)}", texts)
                time.sleep(settling)
                begun, late = starts(agent)
                nginx.accepted()
                used, since = agent.cpu(), time.monotonic()
                time.sleep(every)
                used, lasted, seen = agent.cpu() - used, time.monotonic() - since, nginx.accepted()
                memory, (ended, later) = agent.status("VmRSS") * 1024 / 1e6, starts(agent)
                good = len(re.findall(r"^health_probe_success\{[^}]*\} 1$", get(agent.address, "/metrics")[1], re.M))
                print(f"{name}: {count:,} every {every} s: {later - late} of {ended - begun} late, {good} succeed, {used / lasted:.2f} cores, "
                      f"{memory:.0f} MB, load {os.getloadavg()[0]:.1f}", file=sys.stderr, flush=True)
                return (used / lasted, memory) if later == late and good == count and seen > 0.95 * count * lasted / every else None

        least, most, step = 0, None, 2000
        while most is None or most - least > least // (5 if QUICK else 10):
            if kept(step, 10, 12):
                least = step
            else:
                most = step
            step = 2 * step if most is None else (least + most) // 2
            if most is not None and most < 100:
                sys.exit(f"no {name} targets are kept on time: the machine is busy")
        count = 6 * least
        found = kept(count, 60, 150)
        for _ in range(3):
            if found:
                break
            count -= count // 10
            found = kept(count, 60, 150)
        if not found:
            sys.exit(f"{count} {name} targets every 60 s are not kept on time: the machine is busy")
        row(f"{name.upper()} targets every 60 s without a late run", [count], None, "", None, "{:,.0f}")
        row("– CPU of the agent", [found[0]], None, "cores", None, "{:.2f}")
        row("– resident memory", [found[1]], None, "MB", None)


def first_line(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    return re.sub(r" \(.*", "", (done.stdout + done.stderr).strip().split("\n")[0]) if not done.returncode else "?"


def machine():
    model = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.M)
    programs = [first_line(p, "--version") for p in (EXPORTER, PROMETHEUS, PUSHGATEWAY)]
    agent = first_line(options.agent, "--version")
    nginx = first_line("/usr/sbin/nginx", "-v").removeprefix("nginx version: ")
    return (f"{model.group(1) if model else platform.machine()}, {os.cpu_count()} cores, Linux {platform.release()}; agent {agent}; "
            + "; ".join(programs) + f"; {nginx}; {first_line('openssl', 'version')}; load at the start {os.getloadavg()[0]:.1f}")


wanted = [options.only] if options.only else ROWS
print(f"{machine()}\n")
print("| What | Agent | Peer | Ratio | Rounds | Goal | |\n|---|---|---|---|---|---|---|", flush=True)
if {"http", "https", "tcp"} & set(wanted):
    probes(wanted)
if "schedule-https" in wanted:
    schedule("https", "1,000 HTTPS targets every 10 s, beside Prometheus and blackbox_exporter", 1 / 2)
if "schedule-http" in wanted:
    schedule("http", "1,000 HTTP targets every 10 s, beside Prometheus and blackbox_exporter", 1 / 6)
if "metrics" in wanted:
    metrics()
if "memory" in wanted:
    memory()
for name in ("tls", "file"):
    if f"certificates-{name}" in wanted:
        certificates(name)
for name in ("https", "http"):
    if f"capacity-{name}" in wanted:
        capacity(name)
for note in notes:
    print(f"\n{note}")
print(f"\n{ROUNDS} rounds, on a schedule {SLOW_ROUNDS}" + ("; quick" if QUICK else "") + (f"; MISSED: {', '.join(missed)}" if missed else ""))
sys.exit(1 if options.strict and missed else 0)
