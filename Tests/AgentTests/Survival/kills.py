#!/usr/bin/env python3
"""Kills an agent at random moments while administrators decide, and looks after each start whether what was answered as done still is.

Arguments: the agent, its configuration, its definitions, how many times, a seed. A fault must be on, so that monitors are in episodes.
Prints one line for each thing that was lost; status 1 where there was one.
"""
import http.client
import json
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time

AGENT, CONFIG, PROBES, TIMES, SEED = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5])
STATE = os.path.join(os.path.dirname(CONFIG), "agent")
dice = random.Random(SEED)
SERVERS = ["mbx01.fabrikam.com", "mbx02.fabrikam.com", "mbx03.fabrikam.com"]
lost = []


class Door(http.client.HTTPConnection):
    """The control socket."""

    def __init__(self):
        super().__init__("localhost", timeout=20)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(20)
        self.sock.connect(os.path.join(STATE, "control.sock"))


def ask(method, path, body=None):
    """The answer's status and document; None where the agent died before it had answered."""
    try:
        door = Door()
        door.request(method, path, json.dumps(body) if body is not None else None, {"Content-Type": "application/json"})
        answer = door.getresponse()
        return answer.status, json.loads(answer.read() or b"null")
    except (OSError, http.client.HTTPException, ValueError):
        return None


def start():
    agent = subprocess.Popen([AGENT, "run", "--config", CONFIG, "--probes", PROBES, "--log-level", "critical"])
    end = time.monotonic() + 30
    while time.monotonic() < end and agent.poll() is None:
        if ask("GET", "/api/v1/overrides"):
            return agent
        time.sleep(0.01)
    agent.kill()
    sys.exit(f"the agent did not start: status {agent.poll()}")


class Truth:
    """For each thing that was decided the values it may have: one once it was answered, two while an order is under way."""

    def __init__(self):
        self.lock = threading.Lock()
        self.may = {}

    def order(self, key, value, give):
        with self.lock:
            before = self.may.get(key, {None})
            self.may[key] = before | {value}
        answer = give()
        with self.lock:
            if answer and answer[0] == 200:
                self.may[key] = {value}
            elif answer:
                self.may[key] = before


overrides, maintenance = Truth(), Truth()
acknowledged, began = {}, {}


def decide(dice, mine, done):
    """One administrator, with things of his own: no two decide the same."""
    while not done.is_set():
        server = dice.choice(SERVERS)
        if dice.random() < 0.5:
            key = ("OAuth\\CertificateKeySizeProbe", f"retries", server) if mine == 0 else ("OAuth\\ThumbprintDriftProbe", "retries", server)
            item = {"identity": key[0], "property": key[1], "server": server, "by": f"admin{mine}"}
            if dice.random() < 0.7:
                value = str(dice.randint(1, 9))
                overrides.order(key, value, lambda: ask("POST", "/api/v1/overrides", item | {"value": value, "seconds": 86400}))
            elif overrides.may.get(key, {None}) != {None}:
                overrides.order(key, None, lambda: ask("POST", "/api/v1/overrides/remove", item))
        else:
            key = (server, f"Requester{mine}")
            item = {"server": server, "requester": key[1], "component": "PushNotifications.Proxy", "by": f"admin{mine}"}
            if dice.random() < 0.6:
                comment = str(dice.random())
                maintenance.order(key, comment, lambda: ask("POST", "/api/v1/maintenance", item | {"seconds": 86400, "comment": comment}))
            elif maintenance.may.get(key, {None}) != {None}:
                maintenance.order(key, None, lambda: ask("POST", "/api/v1/maintenance/end", item))


def look(number):
    """What the agent says after its start, beside what it had answered before."""
    there = {(o["identity"], o["property"], o["server"]): o["value"] for o in ask("GET", "/api/v1/overrides")[1]}
    for key, may in overrides.may.items():
        if there.get(key) not in may:
            lost.append(f"kill {number}: override {key} is {there.get(key)}, answered was {may}")
        overrides.may[key] = {there.get(key)}
    there = {(m["server"], m["requester"]): m["comment"] for m in ask("GET", "/api/v1/maintenance")[1]}
    for key, may in maintenance.may.items():
        if there.get(key) not in may:
            lost.append(f"kill {number}: maintenance {key} is {there.get(key)}, answered was {may}")
        maintenance.may[key] = {there.get(key)}
    states = {(m["monitorIdentity"], m["server"]): m for m in ask("GET", "/api/v1/health")[1]["monitors"]}
    for key, date in began.items():
        if states[key].get("episodeBegan") != date:
            lost.append(f"kill {number}: the episode of {key} began {states[key].get('episodeBegan')}, answered was {date}")
    for key, by in acknowledged.items():
        if states[key].get("acknowledgedBy") != by:
            lost.append(f"kill {number}: {key} is acknowledged by {states[key].get('acknowledgedBy')}, answered was {by}")


agent = start()
for number in range(1, TIMES + 1):
    done = threading.Event()
    administrators = [threading.Thread(target=decide, args=(random.Random(dice.random()), mine, done)) for mine in range(2)]
    for administrator in administrators:
        administrator.start()
    time.sleep(dice.uniform(0, 0.4))
    if answer := ask("GET", "/api/v1/health"):
        for monitor in answer[1]["monitors"]:
            if "episodeBegan" in monitor:
                began[monitor["monitorIdentity"], monitor["server"]] = monitor["episodeBegan"]
                if number % 20 == 0 and "acknowledgedBy" not in monitor:
                    by = f"admin{number}"
                    order = {"monitor": monitor["monitorIdentity"], "server": monitor["server"], "by": by}
                    if (taken := ask("POST", "/api/v1/acknowledge", order)) and taken[0] == 200:
                        acknowledged[monitor["monitorIdentity"], monitor["server"]] = by
    time.sleep(dice.uniform(0, 0.05))
    agent.send_signal(signal.SIGKILL)
    agent.wait()
    done.set()
    for administrator in administrators:
        administrator.join()
    check = sqlite3.connect(f"file:{STATE}/history.db?mode=ro", uri=True)
    if (verdict := check.execute("PRAGMA integrity_check").fetchone()[0]) != "ok":
        lost.append(f"kill {number}: the database: {verdict}")
    check.close()
    agent = start()
    look(number)
agent.send_signal(signal.SIGTERM)
agent.wait()
print("\n".join(lost + [f"{TIMES} kills, {len(overrides.may)} overrides, {len(maintenance.may)} maintenances, {len(began)} episodes, "
                         f"{len(acknowledged)} acknowledgements, {len(lost)} lost"]))
sys.exit(1 if lost or not began or not acknowledged else 0)
