#!/usr/bin/env python3
"""Many open status pages: how fast the first byte and the whole page come, and what the agent spends while nothing happens but runs.

Each page is what `page.js` makes of it: one stream of events, and the page anew every thirty seconds.
"""
import argparse
import asyncio
import os
import random
import subprocess
import tempfile
import time
from pathlib import Path

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--agent", required=True)
parser.add_argument("--probes", type=int, default=5000)
parser.add_argument("--pages", type=int, default=200)
parser.add_argument("--seconds", type=int, default=60)
arguments = parser.parse_args()


def spent(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def get(port, path, headers=""):
    """The time to the first byte, to the last one, and the size."""
    begin = time.monotonic()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nAccept: text/html\r\n{headers}\r\n".encode())
    first, size = None, 0
    while data := await reader.read(65536):
        first = first or time.monotonic() - begin
        size += len(data)
    writer.close()
    return first, time.monotonic() - begin, size


async def page(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /api/v1/events?only=changes HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")

    async def drain():
        while await reader.read(65536):
            pass

    events = asyncio.ensure_future(drain())
    try:
        await asyncio.sleep(random.uniform(0, 30))
        while True:
            await get(port, "/", "X-Page-Refresh: 1\r\n")
            await asyncio.sleep(30)
    finally:
        events.cancel()
        writer.close()


async def main():
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        (root / "probes").mkdir()
        (root / "agent.yaml").write_text("listen: 127.0.0.1:0\nstateDirectory: state\n")
        targets = ", ".join(f'"127.1.{index // 250}.{1 + index % 250}:1"' for index in range(arguments.probes))
        (root / "probes/tcp.yaml").write_text(
            f"healthSet: Web\nname: PortProbe\nkind: tcp\nevery: 5m\ntimeout: 5s\ntargets: [{targets}]\n"
            "monitors: [{ name: PortMonitor, when: { consecutiveFailures: 1 } }]\n")
        agent = subprocess.Popen(
            [arguments.agent, "run", "--config", str(root / "agent.yaml"), "--probes", str(root / "probes")],
            stderr=subprocess.PIPE, text=True)
        try:
            port = next(int(line.split("address=127.0.0.1:")[1].split()[0]) for line in agent.stderr if "address=127.0.0.1:" in line)
            drain = asyncio.get_running_loop().run_in_executor(None, lambda: [None for _ in agent.stderr])
            await asyncio.sleep(25)
            for path in ("/", f"/?rows={arguments.probes}"):
                times = [await get(port, path) for _ in range(5)]
                first, whole, size = sorted(times)[2]
                print(f"{path:14} {size:9} bytes, first byte after {first * 1000:.0f} ms, all after {whole * 1000:.0f} ms")
            for count in (0, arguments.pages):
                pages = [asyncio.ensure_future(page(port)) for _ in range(count)]
                await asyncio.sleep(10)
                before, begin = spent(agent.pid), time.monotonic()
                await asyncio.sleep(arguments.seconds)
                share = (spent(agent.pid) - before) / (time.monotonic() - begin)
                print(f"{count} open pages: {share * 100:.1f} % of a core")
                for task in pages:
                    task.cancel()
        finally:
            agent.kill()
            agent.wait()
            await drain


asyncio.run(main())
