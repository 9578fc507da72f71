#!/usr/bin/env python3
"""How long /metrics takes, and what memory the agent holds, while many hostile clients are at its listener: silent, slow, flooding.

Prints a row for each way of Tests/AgentTests/Hostile/clients.py: the median, the 99th percentile and the maximum of the answers, over TLS and
with a login, from the same address as the hostile clients.
"""
import argparse
import os
import re
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from measure import wait_for

CLIENTS = Path(__file__).parent.parent / "AgentTests/Hostile/clients.py"
PASSWORD = "$2y$04$PY5Sqt6XaldB2.JKzk2BFu/9oJV.envJLIJTtms/hRui68y3GwRtS"
parser = argparse.ArgumentParser()
parser.add_argument("--agent", required=True)
parser.add_argument("--clients", type=int, default=1000)
parser.add_argument("--requests", type=int, default=200)
parser.add_argument("--ways", nargs="*", default=re.findall(r'^    "([\w-]+)": lambda', CLIENTS.read_text(), re.M))
options = parser.parse_args()


def memory(process):
    return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{process.pid}/status").read_text()).group(1)) / 1024


with tempfile.TemporaryDirectory(prefix="hostile-") as folder:
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
                    "subjectAltName=DNS:localhost", "-keyout", f"{folder}/key.pem", "-out", f"{folder}/cert.pem"], check=True, stderr=subprocess.DEVNULL)
    Path(f"{folder}/web.yml").write_text("tls_server_config: { cert_file: cert.pem, key_file: key.pem }\nbasic_auth_users: { dave: " + PASSWORD + " }\n")
    Path(f"{folder}/agent.yaml").write_text("stateDirectory: state\nlisten: 127.0.0.1:0\n")
    Path(f"{folder}/probes").mkdir()
    trust = ssl.create_default_context(cafile=f"{folder}/cert.pem")
    print(f"{options.clients} hostile clients, {options.requests} requests of /metrics over TLS with a login")
    print(f"{'way':<18}{'median ms':>10}{'99 %':>8}{'max':>8}{'MB before':>11}{'MB after':>10}")
    for way in options.ways:
        log = open(f"{folder}/{way}.log", "w+")
        agent = subprocess.Popen([options.agent, "run", "--config", "agent.yaml", "--probes", "probes", "--web.config.file", "web.yml"], cwd=folder,
                                 stderr=log, stdout=log)
        hostile = None
        try:
            port = wait_for("the agent", lambda: re.search(r"address=\S+:(\d+)", Path(log.name).read_text())).group(1)
            request = urllib.request.Request(f"https://localhost:{port}/metrics", headers={"Authorization": "Basic ZGF2ZTpkYXZlMTIz"})

            def scrape():
                began = time.perf_counter()
                with urllib.request.urlopen(request, context=trust, timeout=60) as answer:
                    answer.read()
                return (time.perf_counter() - began) * 1000

            for _ in range(20):
                scrape()
            before = memory(agent)
            errors = open(f"{folder}/{way}.clients", "w+")
            hostile = subprocess.Popen([sys.executable, str(CLIENTS), way, str(options.clients), "127.0.0.1", port, "tls"], stderr=errors,
                                       preexec_fn=lambda: os.nice(10))  # they stand for other machines
            wait_for("the clients", lambda: "READY" in Path(errors.name).read_text() or hostile.poll() is not None, 120)
            times = sorted(scrape() for _ in range(options.requests))
            print(f"{way:<18}{statistics.median(times):>10.1f}{times[int(len(times) * 0.99) - 1]:>8.1f}{times[-1]:>8.1f}{before:>11.1f}{memory(agent):>10.1f}",
                  flush=True)
        finally:
            for process in (hostile, agent):
                if process:
                    process.kill()
                    process.wait()
