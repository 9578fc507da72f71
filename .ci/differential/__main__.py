#!/usr/bin/env python3
"""Draws modules and servers' behaviours at random, and asks Debian's blackbox_exporter and the agent about each. What they send and what they
report must agree, but for times and the known differences.

Arguments: the number of pairs, a seed, and kinds of pairs (http, tls, tcp, dns; without them, all). A difference is printed with its module and
its server, as small as it can be made.
"""
import concurrent.futures
import contextlib
import http.client
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from urllib.parse import quote

from hypothesis import HealthCheck, Phase, given, seed, settings, strategies as st

from certificates import Certificates, contexts_with
from drawn import cases
from known import KNOWN, SENT, explained
from servers import Proxy, Server

AGENT = os.path.abspath(".build/debug/agent")
EXPORTER = "prometheus-blackbox-exporter"
PAIRS = int(sys.argv[1]) if len(sys.argv) > 1 else 150
SEED = int(sys.argv[2]) if len(sys.argv) > 2 else int.from_bytes(os.urandom(4), "big")
KINDS = sys.argv[3:] or ["http", "tls", "tcp", "dns"]
# How many probes run at a time: many servers leave a client waiting until its time is over.
WORKERS = 16
TIMEOUT = "6s"
# How many modules a file has: its size is limited.
BATCH = 250
# What newer exporters have, and what the agent adds; both are in Sources/TargetKinds/README.md.
OWN = re.compile(r"probe_(timeout_seconds|tls_cipher_info|failed_due_to_bytes|result_type|reason_info|stage_duration_seconds|certificate_\w+)(\{|$)")
TIMES = re.compile(r"probe_(dns_lookup_time_seconds|duration_seconds|http_duration_seconds|dns_duration_seconds)(\{|$)")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)",?')
ADDRESS = re.compile(r"[0-9.]+|[0-9a-f]*:[0-9a-f:.]*")


class Program:
    """One of the two, listening on a free port, with the module file."""

    def __init__(self, command, folder, stack):
        with socket.socket() as trial:
            trial.bind(("127.0.0.1", 0))
            self.port = trial.getsockname()[1]
        self.log = stack.enter_context(open(Path(folder) / f"{Path(command).name}.log", "w+"))
        self.child = subprocess.Popen([command, "--config.file=modules.yml", f"--web.listen-address=127.0.0.1:{self.port}"], cwd=folder,
                                      stdout=self.log, stderr=self.log)
        stack.callback(self.stop)
        while not self.listens():
            self.check()
            time.sleep(0.05)

    def stop(self):
        self.child.kill()
        self.child.wait()

    def check(self):
        if self.child.poll() is not None:
            sys.exit(Path(self.log.name).read_text())

    def listens(self):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
            return True
        return False

    def ask(self, method, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        with contextlib.closing(connection):
            connection.request(method, path)
            try:
                answer = connection.getresponse()
            except OSError:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self.child.wait(60)
                self.check()
                raise
            return answer.status, answer.read().decode()

    def reload(self):
        status, text = self.ask("POST", "/-/reload")
        if status != 200:
            sys.exit(text)

    def probe(self, module, target, more):
        """The series of a probe with their values; of times, only that they are there."""
        status, text = self.ask("GET", f"/probe?module={module}&target={quote(target, safe='')}{more}")
        self.check()
        if status != 200:
            return {"status": status}
        samples = (line.rsplit(" ", 1) for line in text.splitlines() if line and not line.startswith("#"))
        return {normal(name): 0 if TIMES.match(name) else float(value) for name, value in samples if not OWN.match(name)}


def normal(series):
    """With its labels in order; without the serial number and the addresses that the agent adds to what is told of a certificate."""
    name, opened, rest = series.partition("{")
    labels = dict(LABEL.findall(rest))
    labels.pop("serialnumber", None)
    if "subjectalternative" in labels:
        labels["subjectalternative"] = ",".join(part for part in labels["subjectalternative"].split(",") if not ADDRESS.fullmatch(part))
    return name + opened + ",".join(f'{key}="{value}"' for key, value in sorted(labels.items()))


class Comparison:
    """Both programs, and which known differences have been seen."""

    def __init__(self, folder, stack):
        self.folder = Path(folder)
        self.certificates = Certificates(folder)
        self.contexts = contexts_with(self.certificates)
        self.proxy = Proxy()
        self.write([])
        self.programs = [Program(EXPORTER, folder, stack), Program(AGENT, folder, stack)]
        self.excused = Counter()

    def write(self, pairs):
        modules = {f"m{number}": {"prober": prober, "timeout": TIMEOUT, prober: module} for number, (prober, module, _) in enumerate(pairs)}
        (self.folder / "modules.yml").write_text(json.dumps({"modules": modules}).replace("PROXY", str(self.proxy.port)))

    def ask(self, pairs):
        """The differences of each pair."""
        return [differences for start in range(0, len(pairs), BATCH) for differences in self.ask_batch(pairs[start:start + BATCH])]

    def ask_batch(self, pairs):
        self.write(pairs)
        for program in self.programs:
            program.reload()
        probes = [(program, f"m{number}", *pair) for number, pair in enumerate(pairs) for program in self.programs]
        with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
            answers = list(pool.map(lambda probe: self.answer(*probe), probes))
        return [self.differences(*each) for each in zip(pairs, answers[::2], answers[1::2])]

    def answer(self, program, module, prober, options, behaviour):
        with contextlib.closing(Server(prober, behaviour, self.contexts)) as server:
            self.proxy.servers.update(dict.fromkeys(server.ports, server))
            target, more = f"127.0.0.2:{server.port}", ""
            if prober == "http":
                target = f"{'https' if 'tls' in behaviour else 'http'}://{target}{behaviour['path']}"
                more = f"&hostname={behaviour['hostname']}" if behaviour["hostname"] else ""
            answer = program.probe(module, target, more)
        return {**answer, SENT: tuple(server.seen)}

    def differences(self, pair, theirs, ours):
        """What differs, by name: theirs, ours; without the known differences."""
        if pair[0] == "tcp":
            # The last that a client sends, just before it leaves, may be lost.
            common = max(0, min(len(theirs[SENT]), len(ours[SENT])), max(len(theirs[SENT]), len(ours[SENT])) - 1)
            theirs, ours = ({**answer, SENT: answer[SENT][:common]} for answer in (theirs, ours))
        differing = {name: (theirs.get(name), ours.get(name)) for name in sorted(set(theirs) | set(ours)) if theirs.get(name) != ours.get(name)}
        for known in KNOWN:
            excused = explained(known, pair, differing)
            self.excused[known] += bool(excused)
            differing = {name: values for name, values in differing.items() if name not in excused}
        return differing


def generated(strategy, check, phases):
    """Calls `check` with what hypothesis draws: the same for the same seed, as long as `check` does not fail."""
    @seed(SEED)
    @settings(max_examples=PAIRS, deadline=None, database=None, suppress_health_check=list(HealthCheck), phases=phases)
    @given(strategy)
    def run(pair):
        check(pair)
    run()


def main():
    print(f"{PAIRS} pairs, seed {SEED}", flush=True)
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        comparison = Comparison(folder, stack)
        kinds = cases(comparison.certificates)
        strategy = st.one_of([kinds[kind] for kind in KINDS])
        pairs = []
        generated(strategy, pairs.append, [Phase.generate])
        results = {json.dumps(pair): differences for pair, differences in zip(pairs, comparison.ask(pairs))}
        for pair in pairs:
            # On a busy machine, one of many probes may run out of time.
            if results[json.dumps(pair)]:
                again = results[json.dumps(pair)] = comparison.ask([pair])[0]
                print("a difference" if again else "agreed when asked alone:", json.dumps(pair), flush=True)
        for known in KNOWN:
            print(f"{comparison.excused[known]:5} {known}")

        def check(pair):
            text = json.dumps(pair)
            if text not in results:
                results[text] = comparison.ask([pair])[0]
            lines = [f"{name}: {theirs!r} there, {ours!r} here" for name, (theirs, ours) in results[text].items()]
            assert not lines, "\n".join([*lines, *(json.dumps(part) for part in pair)])

        if any(results.values()):
            print("a difference, which is now made smaller", flush=True)
            generated(strategy, check, [Phase.generate, Phase.shrink])
            sys.exit("a difference, which was not drawn again")
    print("no difference")


if __name__ == "__main__":
    main()
