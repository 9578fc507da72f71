#!/usr/bin/env python3
"""Ten thousand targets every minute over 64 addresses of loopback, a tenth silent, a tenth refusing, a tenth with bad certificates,
a tenth that flood.

Each has a monitor, so that four thousand are in trouble all the while, and all that happens is kept in history.

Samples /metrics and /proc for the time given, prints what it measured, and ends with status 1 where one does not hold: no probe
late by more than a tick and its timeout, none skipped, each result of the type it should be, descriptors, threads, memory and
sockets in TIME_WAIT bounded.
"""
import argparse
import asyncio
import collections
import contextlib
import re
import socket
import statistics
import sys
import threading
import time
from pathlib import Path

sys.dont_write_bytecode = True
from measure import Authority, Nginx, definition, free_port, get, site, start_agent, wait_for

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--agent", required=True)
parser.add_argument("--seconds", type=int)
parser.add_argument("--targets", type=int)
parser.add_argument("--every", type=int, help="seconds between the runs of a target")
parser.add_argument("--quick", action="store_true", help="60 s with 1,000 targets every 10 s")
parser.add_argument("--limit-descriptors", type=int, default=1024)
parser.add_argument("--limit-threads", type=int, default=64)
options = parser.parse_args()
SECONDS = options.seconds or (60 if options.quick else 600)
TARGETS = options.targets or (1000 if options.quick else 10_000)
EVERY = options.every or (10 if options.quick else 60)
TIMEOUT, TICK = 5, 0.1
ADDRESSES = [f"127.0.0.{n}" for n in range(1, 65)]
# Which of ten targets is which; the two kinds of bad certificate share a tenth.
CLASSES = ["Silent", "Refusing", "BadTLS", "Flooding", "Secure", "Plain", "Secure", "Plain", "Secure", "Plain"]


class Silent(threading.Thread):
    """Accepts on every address and says nothing until the other side goes."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.sockets = [socket.create_server((a, port), backlog=1024) for a in ADDRESSES]

    def run(self):
        async def listen():
            servers = [await asyncio.start_server(self.answer, sock=s) for s in self.sockets]
            await asyncio.gather(*[s.serve_forever() for s in servers])
        asyncio.run(listen())

    @staticmethod
    async def answer(reader, writer):
        with contextlib.suppress(OSError):
            while await reader.read(4096):
                pass
        writer.close()


class Flooding(Silent):
    """Answers with header lines that never end, as fast as they are taken."""

    @staticmethod
    async def answer(reader, writer):
        with contextlib.suppress(OSError, EOFError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\n")
            while not writer.is_closing():
                writer.write(b"X-Filler: 0123456789\r\n" * 500)
                await writer.drain()
        writer.close()


def refuse(stack):
    """A port held on every address, at which nothing listens."""
    port = free_port()
    for address in ADDRESSES:
        stack.enter_context(socket.socket()).bind((address, port))
    return port


def time_wait():
    return int(re.search(r"^TCP:.* tw (\d+)", Path("/proc/net/sockstat").read_text(), re.M).group(1))


def definitions(nginx, silent, flooding, refusing, root):
    named = collections.defaultdict(list)
    for number in range(TARGETS):
        kind, address = CLASSES[number % 10], ADDRESSES[number % 64]
        if kind == "BadTLS":
            kind = ("Expired", "SelfSigned")[number // 10 % 2]
        port = {"Silent": silent, "Flooding": flooding, "Refusing": refusing}.get(kind) or nginx.ports[kind]
        scheme = "http" if kind in ("Silent", "Flooding", "Refusing", "Plain") else "https"
        named[kind].append(f"{scheme}://{address}:{port}/p/{number}")
    http = "{ preferred_ip_protocol: ip4, valid_status_codes: [200], tls_config: { ca_file: %s } }" % root
    monitors = "monitors:\n  - { name: %sMonitor, when: { consecutiveFailures: 1 } }\n"
    return [definition(name, f"{EVERY}s", f"{TIMEOUT}s", targets, options=http) + monitors % name for name, targets in named.items()]


with site() as (folder, stack):
    authority = Authority(folder / "ca", ADDRESSES)
    nginx = Nginx(stack, folder / "nginx", {
        "Plain": None, "Secure": authority.leaf(), "Expired": authority.leaf("expired", ends_in_days=-1),
        "SelfSigned": (authority.self_signed("selfsigned", "bench.example"), authority.folder / "selfsigned.key")}, ADDRESSES)
    silent = Silent(free_port())
    silent.start()
    flooding = Flooding(free_port())
    flooding.start()
    already = time_wait()
    agent = start_agent(stack, options.agent, folder / "agent", definitions(
        nginx, silent.sockets[0].getsockname()[1], flooding.sockets[0].getsockname()[1], refuse(stack), authority.root))
    peaks, resident, ages, times, texts = collections.Counter(), [], [], [], [""]
    cpu, began = 0.0, None

    def sample():
        for name, value in (("descriptors", agent.descriptors()), ("threads", agent.status("Threads")), ("TIME_WAIT", time_wait() - already)):
            peaks[name] = max(peaks[name], value)

    def scrape():
        """/metrics, and the age of each probe's last run as it was asked for."""
        asked, start = time.time(), time.perf_counter()
        texts[0] = get(agent.address, "/metrics")[1]
        times.append((time.perf_counter() - start) * 1000)
        runs = [float(n) for n in re.findall(r"^health_probe_last_run_timestamp_seconds\{[^}]*\} (\S+)$", texts[0], re.M)]
        return [asked - run for run in runs]

    def all_ran():
        sample()
        time.sleep(0.5)
        # While first runs begin nothing is scraped: to read so much text takes this program a core, of which there may be two.
        return time.monotonic() - started > min(EVERY, 10) + TIMEOUT and len(scrape()) >= TARGETS

    started = time.monotonic()
    wait_for(f"a result of {TARGETS} targets", all_ran, min(EVERY, 10) + TIMEOUT + 60)
    times.clear()
    cpu, began = agent.cpu(), time.monotonic()
    rest = 0
    while time.monotonic() - began < SECONDS:
        sample()
        resident.append(agent.status("VmRSS") / 1024)
        if rest == 0:
            ages.append(max(scrape()))
        rest = (rest + 1) % 5
        time.sleep(1)
    scrape()
    lasted, used, text = time.monotonic() - began, agent.cpu() - cpu, texts[0]

    def value(name):
        found = re.search(rf"^{name} (\S+)$", text, re.M)
        return float(found.group(1)) if found else 0.0

    results = collections.defaultdict(collections.Counter)
    for labels, count in re.findall(r"^health_probe_runs_total\{([^}]*)\} (\S+)$", text, re.M):
        label = dict(re.findall(r'(\w+)="([^"]*)"', labels))
        if float(count):
            results[label["probe"]][label["result_type"]] += int(float(count))
    late = [(float(bound), float(n)) for bound, n in re.findall(r'^health_agent_probe_lateness_seconds_bucket\{le="([\d.]+)"\} (\S+)$', text, re.M)]
    begun, skipped = value("health_agent_probe_lateness_seconds_count"), value("health_agent_probes_skipped_total")
    within = lambda limit: max((n for bound, n in late if bound <= limit), default=0)
    half = len(resident) // 2
    growth = statistics.median(resident[half:]) / statistics.median(resident[:max(1, half)])
    # Each probe may leave one socket there for a minute; the first runs come faster than later ones.
    limit_time_wait = int(1.1 * (TARGETS * 60 / EVERY + TARGETS))
    limit_age = EVERY + TIMEOUT + 1
    times.sort()
    print(f"targets                {TARGETS} every {EVERY} s over {len(ADDRESSES)} addresses")
    print(f"measured               {lasted:.0f} s, {len(times)} scrapes of {len(text)} bytes, median {times[len(times) // 2]:.0f} ms, longest {times[-1]:.0f} ms")
    for name in sorted(results):
        print(f"{'results ' + name:<22} " + ", ".join(f"{kind} {n}" for kind, n in results[name].most_common()))
    print(f"begun                  {begun:.0f}, within {TICK} s {100 * within(TICK) / max(1, begun):.2f} %, "
          f"within {TICK + TIMEOUT} s {100 * within(TICK + TIMEOUT) / max(1, begun):.2f} %, skipped {skipped:.0f}")
    print(f"oldest last run        {max(ages):.1f} s, limit {limit_age} s")
    print(f"open descriptors       at most {peaks['descriptors']}, threads at most {peaks['threads']}")
    print(f"sockets in TIME_WAIT   at most {peaks['TIME_WAIT']}, limit {limit_time_wait}")
    print(f"resident memory        first {resident[0]:.1f} MiB, last {resident[-1]:.1f} MiB, second half against first {growth:.3f}")
    print(f"processor              {100 * used / lasted:.1f} % of one core")
    problems = []
    if not begun or within(TICK + TIMEOUT) < begun:
        problems.append(f"{begun - within(TICK + TIMEOUT):.0f} of {begun:.0f} runs began later than a tick and their timeout")
    if max(ages) > limit_age:
        problems.append(f"a probe's last run was {max(ages):.1f} s old")
    if skipped:
        problems.append(f"{skipped:.0f} runs were skipped")
    for name in ("Plain", "Secure"):
        if set(results[name]) != {"Succeeded"}:
            problems.append(f"not every run of {name} succeeded: {dict(results[name])}")
    for name in ("Silent", "Flooding", "Refusing", "Expired", "SelfSigned"):
        if results[name]["Succeeded"] or not results[name]:
            problems.append(f"runs of {name} succeeded, or there were none: {dict(results[name])}")
    for name, limit in (("descriptors", options.limit_descriptors), ("threads", options.limit_threads), ("TIME_WAIT", limit_time_wait)):
        if peaks[name] > limit:
            problems.append(f"{name}: {peaks[name]}, limit {limit}")
    if growth > 1.1:
        problems.append(f"memory grew by {100 * (growth - 1):.0f} %")
    for problem in problems:
        print("PROBLEM:", problem)
    sys.exit(1 if problems else 0)
