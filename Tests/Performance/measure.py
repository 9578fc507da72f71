"""What bench.py and the others here share: a site on loopback (nginx, an authority's chain), processes, and their CPU time."""
import contextlib
import http.client
import os
import random
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


def wait_for(what, condition, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    sys.exit(f"{what} did not come within {seconds:.0f} s")


def free_port():
    """A port free on every address, below those that connections take theirs from."""
    while True:
        port = random.randrange(20000, 32000)
        with socket.socket() as trial, contextlib.suppress(OSError):
            trial.bind(("", port))
            return port


def answers(address):
    host, port = address.split(":")
    with contextlib.suppress(OSError), socket.create_connection((host, int(port)), timeout=1):
        return True
    return False


def get(address, path, headers={}):
    connection = http.client.HTTPConnection(address, timeout=60)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


class Process:
    """A program of ours: its log in a file, its CPU time to the nanosecond, ended with the stack."""

    def __init__(self, stack, arguments, log, address=None):
        self.log, self.address = Path(log), address
        with open(log, "w") as file:
            self.child = subprocess.Popen([str(a) for a in arguments], stdin=subprocess.DEVNULL, stdout=file, stderr=file)
        self.pid = self.child.pid
        stack.callback(self.stop)
        if address:
            wait_for(f"{arguments[0]} on {address}", lambda: self.alive() and answers(address))

    def alive(self):
        if self.child.poll() is not None:
            sys.exit(f"{self.child.args[0]} ended with {self.child.returncode}:\n{self.log.read_text()[-2000:]}")
        return True

    def cpu(self):
        """User and system seconds of all threads, ended ones too: the clock that clock_getcpuclockid(3) names."""
        self.alive()
        return time.clock_gettime((~self.pid << 3) | 2)

    def status(self, key):
        """A number of /proc/PID/status, as VmRSS in kB."""
        return int(re.search(rf"^{key}:\s+(\d+)", Path(f"/proc/{self.pid}/status").read_text(), re.M).group(1))

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def stop(self):
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
            try:
                self.child.wait(10)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()


AUTHORITY = """
[ca]
default_ca = bench
[bench]
database = {folder}/index.txt
new_certs_dir = {folder}
rand_serial = yes
unique_subject = no
default_md = sha256
policy = any
[any]
commonName = supplied
[req]
distinguished_name = name
[name]
[root]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[intermediate]
basicConstraints = critical,CA:TRUE,pathlen:0
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[leaf]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature,keyEncipherment
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = {names}
[selfsigned]
subjectAltName = {names}
"""


class Authority:
    """Root, intermediate and leaves, RSA-2048; `root` is the path of what a client trusts."""

    def __init__(self, folder, addresses):
        self.folder = Path(folder)
        self.folder.mkdir()
        names = ",".join(["DNS:bench.example"] + [f"IP:{a}" for a in addresses])
        (self.folder / "openssl.cnf").write_text(AUTHORITY.format(folder=folder, names=names))
        (self.folder / "index.txt").touch()
        self.root = self.self_signed("root", "Bench Root")
        self.issue("intermediate", "Bench Intermediate", by="root")

    def openssl(self, *arguments):
        done = subprocess.run(["openssl", *arguments], cwd=self.folder, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"openssl {' '.join(arguments)}:\n{done.stderr}")

    def self_signed(self, name, subject):
        self.openssl("req", "-config", "openssl.cnf", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.pem",
                     "-subj", f"/CN={subject}", "-days", "825", "-extensions", name)
        return self.folder / f"{name}.pem"

    def issue(self, name, subject, by, extensions=None, ends_in_days=365):
        self.openssl("req", "-config", "openssl.cnf", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={subject}")
        day = lambda days: time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + 86400 * days))
        self.openssl("ca", "-batch", "-notext", "-config", "openssl.cnf", "-cert", f"{by}.pem", "-keyfile", f"{by}.key", "-in", f"{name}.csr",
                     "-out", f"{name}.pem", "-extensions", extensions or name, "-startdate", day(-90), "-enddate", day(ends_in_days))

    def leaf(self, name="leaf", ends_in_days=365):
        """The chain a server presents, leaf first."""
        self.issue(name, "bench.example", by="intermediate", extensions="leaf", ends_in_days=ends_in_days)
        chain = self.folder / f"{name}-chain.pem"
        chain.write_text((self.folder / f"{name}.pem").read_text() + (self.folder / "intermediate.pem").read_text())
        return chain, self.folder / f"{name}.key"


class Nginx(Process):
    """nginx on `addresses`: one server for each of `servers` (name to None or to a certificate and key); it counts the connections it took.

    It keeps no connection and resumes no session, so that each probe is one connection and one full handshake.
    """

    def __init__(self, stack, folder, servers, addresses=("127.0.0.1",)):
        folder = Path(folder)
        folder.mkdir()
        self.ports, blocks = {name: free_port() for name in servers}, []
        for name, identity in servers.items():
            kind = " ssl" if identity else ""
            lines = [f"listen {a}:{self.ports[name]}{kind} backlog=4096;" for a in addresses]
            if identity:
                lines += [f"ssl_certificate {identity[0]};", f"ssl_certificate_key {identity[1]};"]
            blocks.append(f"server {{ {' '.join(lines)} location / {{ return 200 \"well\\n\"; }} }}\n")
        self.counter, self.asked = f"127.0.0.1:{free_port()}", 0
        blocks.append(f"server {{ listen {self.counter}; location / {{ stub_status; }} }}\n")
        paths = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        (folder / "nginx.conf").write_text(
            f"daemon off; pid {folder}/pid; worker_processes 1; worker_rlimit_nofile 8192; error_log {folder}/error.log;\n"
            "events { worker_connections 4096; }\n"
            f"http {{ access_log off; default_type text/plain; keepalive_timeout 0; ssl_session_cache off; ssl_session_tickets off; {paths}\n"
            + "".join(blocks) + "}\n")
        nginx = shutil.which("nginx") or "/usr/sbin/nginx"
        super().__init__(stack, [nginx, "-p", folder, "-e", f"{folder}/error.log", "-c", f"{folder}/nginx.conf"], f"{folder}/out", self.counter)
        self.accepted()

    def accepted(self):
        """Connections taken since the last call, those for asking left out."""
        before, (_, text) = self.asked, get(self.counter, "/")
        self.asked = int(re.search(r"requests\s+(\d+)", text).group(1))
        return self.asked - before - 1


def definition(name, every, timeout, targets, kind="http", options=""):
    """A scheduled definition of the agent; `options` is blackbox_exporter's, in YAML's flow style."""
    return (f"healthSet: Bench\nname: {name}\nkind: {kind}\nevery: {every}\ntimeout: {timeout}\n"
            + (f"options: {options}\n" if options else "") + "targets:\n" + "".join(f'  - "{t}"\n' for t in targets))


def start_agent(stack, program, folder, definitions=(), modules=None):
    """The agent on a free port of loopback with these definitions, each under its name."""
    folder = Path(folder)
    (folder / "probes").mkdir(parents=True)
    for number, text in enumerate(definitions):
        (folder / "probes" / f"{number}.yaml").write_text(text)
    listen = f"127.0.0.1:{free_port()}"
    (folder / "agent.yaml").write_text(f"stateDirectory: {folder}/state\nlisten: {listen}\nprobe: {{ rateLimit: 0 }}\n")
    arguments = [program, "run", "--config", folder / "agent.yaml", "--probes", folder / "probes", "--listen", listen]
    agent = Process(stack, arguments + (["--modules", modules] if modules else []), folder / "log")
    said = wait_for("the agent", lambda: agent.alive() and re.search(r"^(?=.*listening).*address=([\d.:]+)", agent.log.read_text(), re.M))
    agent.address = said.group(1)
    return agent


@contextlib.contextmanager
def site():
    """A folder and a stack; whatever is put on the stack is ended before the folder goes."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, contextlib.ExitStack() as stack:
        yield Path(folder), stack
