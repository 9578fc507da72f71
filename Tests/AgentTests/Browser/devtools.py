"""A headless Chromium, driven by its DevTools protocol."""
import asyncio
import base64
import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import urllib.request

from websockets import connect


class Browser:
    """One page. What it asks for, logs and throws is kept in `requests` and `complaints`."""

    def __init__(self):
        self.requests, self.complaints = [], []
        self._next, self._waiting = 0, {}

    async def __aenter__(self):
        self.directory = tempfile.mkdtemp()
        # The sandbox needs a user of its own, which root has not.
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        self.process = subprocess.Popen(
            ["chromium", "--headless=new", *sandbox, "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-extensions",
             "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-pings",
             "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--remote-debugging-port=0", f"--user-data-dir={self.directory}",
             "about:blank"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        port = await until(self._port, "the browser's port")
        pages = json.load(urllib.request.urlopen(f"http://127.0.0.1:{port}/json"))
        address = next(page["webSocketDebuggerUrl"] for page in pages if page["type"] == "page")
        self.socket = await connect(address, max_size=None, ping_interval=None)
        self.reader = asyncio.ensure_future(self._read())
        for domain in ("Page", "Network", "Log", "Runtime", "Accessibility", "DOM"):
            await self.call(domain + ".enable")
        return self

    async def __aexit__(self, *_):
        self.reader.cancel()
        await self.socket.close()
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)

    async def _port(self):
        try:
            lines = open(os.path.join(self.directory, "DevToolsActivePort")).read().split("\n")
        except OSError:
            return None
        return lines[0] if len(lines) > 1 else None

    async def _read(self):
        async for text in self.socket:
            message = json.loads(text)
            if "id" in message:
                self._waiting.pop(message["id"]).set_result(message)
                continue
            values = message.get("params", {})
            match message["method"]:
                case "Network.requestWillBeSent":
                    self.requests.append(values["request"]["url"])
                case "Log.entryAdded" if values["entry"]["level"] in ("error", "warning"):
                    self.complaints.append(values["entry"]["text"])
                case "Runtime.exceptionThrown":
                    self.complaints.append(json.dumps(values["exceptionDetails"])[:500])
                case "Runtime.consoleAPICalled" if values["type"] in ("error", "warning", "assert"):
                    self.complaints.append(json.dumps(values["args"])[:500])

    async def call(self, method, **values):
        self._next += 1
        answer = self._waiting[self._next] = asyncio.get_running_loop().create_future()
        await self.socket.send(json.dumps({"id": self._next, "method": method, "params": values}))
        message = await answer
        if "error" in message:
            if "context" in message["error"].get("message", ""):
                raise Left
            raise RuntimeError(f"{method}: {message['error']}")
        return message["result"]

    async def run(self, script):
        """The value of an expression in the page."""
        result = await self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise RuntimeError(json.dumps(result["exceptionDetails"])[:800])
        return result["result"].get("value")

    async def open(self, url):
        await self.call("Page.navigate", url=url)
        await until(lambda: self.run(f"document.readyState === 'complete' && location.href.startsWith({json.dumps(url.split('#')[0])})"), url)

    async def press(self, key, code, text=""):
        """One key, as the keyboard gives it: `press("Enter", 13, "\\r")`."""
        for kind in ("keyDown" if text else "rawKeyDown", "keyUp"):
            typed = {"text": text} if kind == "keyDown" else {}
            await self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, **typed)

    async def look(self, width, height, scheme):
        """The size of the window, and whether it is dark."""
        await self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 500)
        await self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    async def shoot(self, path, limit=6000):
        size = (await self.call("Page.getLayoutMetrics"))["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": min(size["height"], limit), "scale": 1}
        picture = await self.call("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        with open(path, "wb") as file:
            file.write(base64.b64decode(picture["data"]))


class Left(Exception):
    """The page was left while it was looked at."""


async def until(is_true, what, limit=120):
    """Waits for a condition: its value once it is true."""
    for _ in range(limit * 20):
        with contextlib.suppress(Left):
            if value := await is_true():
                return value
        await asyncio.sleep(0.05)
    raise TimeoutError(what)
