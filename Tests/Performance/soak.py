#!/usr/bin/env python3
"""A thousand probe definitions every ten seconds on loopback: nothing skipped, /metrics quick, memory flat.

Starts the lab and the agent, samples /metrics for the time given, prints what it measured, and ends with status 1 where
a run failed or one of the three does not hold.
"""
import argparse
import http.client
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measure import wait_for

parser = argparse.ArgumentParser()
parser.add_argument("--agent", required=True)
parser.add_argument("--seconds", type=int, default=300)
parser.add_argument("--definitions", type=int, default=1000)
parser.add_argument("--untimed", action="store_true", help="judge failures and memory alone: a busy machine skips runs, and rightly")
options = parser.parse_args()

LIMIT_MILLISECONDS = 20
KINDS = ["metadata-reachability", "cert-expiry", "key-size", "thumbprint-drift"]


with tempfile.TemporaryDirectory(prefix="soak-") as folder:
    probes = Path(folder) / "probes"
    probes.mkdir()
    for number in range(options.definitions):
        kind = KINDS[number % len(KINDS)]
        (probes / f"{number}.yaml").write_text(f"healthSet: Soak\nname: Probe{number}\nkind: {kind}\nevery: 10s\ntimeout: 9s\n")
    lab = subprocess.Popen([options.agent, "lab", "--servers", "1", "--state-directory", f"{folder}/lab", "--listen", "127.0.0.1:0"],
                           stdout=subprocess.DEVNULL, preexec_fn=lambda: os.nice(10))  # it stands for other machines
    wait_for("the lab", lambda: os.path.exists(f"{folder}/lab/lab.sock"), 600)
    log = open(f"{folder}/agent.log", "w+")
    agent = subprocess.Popen([options.agent, "run", "--config", f"{folder}/lab/agent.yaml", "--probes", str(probes)], stderr=log)
    try:
        address = wait_for("the agent", lambda: re.search(r"address=(\S+)", Path(log.name).read_text()), 600).group(1)
        # As Prometheus does, one connection is kept.
        connection = http.client.HTTPConnection(address, timeout=60)

        def scrape():
            began = time.perf_counter()
            connection.request("GET", "/metrics")
            body = connection.getresponse().read()
            return (time.perf_counter() - began) * 1000, body.decode()

        def value(text, name):
            found = re.search(rf"^{name} (\S+)$", text, re.M)
            return float(found.group(1)) if found else 0.0

        wait_for("a result of every probe",
                 lambda: scrape()[1].count("\nhealth_probe_last_run_timestamp_seconds{") == options.definitions)
        _, text = scrape()
        cpu, began = value(text, "process_cpu_seconds_total"), time.monotonic()
        times, memory = [], []
        while time.monotonic() - began < options.seconds:
            taken, text = scrape()
            times.append(taken)
            memory.append(value(text, "process_resident_memory_bytes") / 2**20)
            time.sleep(max(0, 0.25 - taken / 1000))
        lasted = time.monotonic() - began
        skipped = value(text, "health_agent_probes_skipped_total")
        runs = sum(float(n) for n in re.findall(r"^health_probe_runs_total\{[^}]*\} (\S+)$", text, re.M))
        failed = sum(float(n) for n in re.findall(r'^health_probe_runs_total\{[^}]*result_type="(?!Succeeded)[^}]*\} (\S+)$', text, re.M))
        half = len(memory) // 2
        growth = statistics.median(memory[-max(1, half // 2):]) / statistics.median(memory[half // 2:half + 1])
        times.sort()
        late = [(float(bound), float(n)) for bound, n in re.findall(r'^health_agent_probe_lateness_seconds_bucket\{le="([\d.]+)"\} (\S+)$', text, re.M)]
        started = value(text, "health_agent_probe_lateness_seconds_count")
        in_time = max((n for bound, n in late if bound <= 0.1), default=0)
        print(f"definitions            {options.definitions}")
        print(f"measured               {lasted:.0f} s, {len(times)} scrapes of {len(text)} bytes")
        print(f"runs                   {runs:.0f}, not succeeded {failed:.0f}, skipped {skipped:.0f}, begun within 0.1 s {100 * in_time / max(1, started):.1f} %")
        print(f"/metrics               median {times[len(times) // 2]:.1f} ms, 99 % {times[int(len(times) * 0.99)]:.1f} ms, longest {times[-1]:.1f} ms")
        print(f"resident memory        first {memory[0]:.1f} MiB, last {memory[-1]:.1f} MiB, second half against first {growth:.3f}")
        print(f"processor              {100 * (value(text, 'process_cpu_seconds_total') - cpu) / lasted:.1f} % of one core")
        problems = []
        if skipped and not options.untimed:
            problems.append(f"{skipped:.0f} runs were skipped")
        if failed:
            problems.append(f"{failed:.0f} runs did not succeed")
        if times[-1] >= LIMIT_MILLISECONDS and not options.untimed:
            problems.append(f"/metrics took {times[-1]:.1f} ms")
        if growth > 1.1:
            problems.append(f"memory grew by {100 * (growth - 1):.0f} %")
        for problem in problems:
            print("PROBLEM:", problem)
        sys.exit(1 if problems else 0)
    finally:
        for process in (agent, lab):
            process.send_signal(signal.SIGTERM)
            process.wait(60)
