"""Looks at the status page of a demo in a real browser: `page.py AGENT DIRECTORY PICTURES`. Prints what is wrong; status 1 if anything is."""
import asyncio
import contextlib
import os
import re
import socket
import subprocess
import sys
import tempfile
import urllib.request
import xml.etree.ElementTree
from pathlib import Path

from devtools import Browser, until

AGENT, DIRECTORY, PICTURES = sys.argv[1:4]
SIZES = [(360, 740), (1280, 800), (2560, 1440)]
ACCESSIBILITY = (Path(__file__).parent / "accessibility.js").read_text()
# Roles that mean nothing without a name.
NAMED = {"button", "link", "textbox", "searchbox", "combobox", "table", "region", "search", "img", "heading", "navigation", "article", "status"}

SCRIPTED = "document.querySelector('.copy[hidden]') === null && document.querySelector('#live').textContent !== ''"
PROBE = "probes/OAuth/CertificateExpiryProbe?server=mbx01.fabrikam.com"

wrong = []


def check(is_true, what):
    if not is_true:
        wrong.append(what)


def agent(*words):
    ended = subprocess.run([AGENT, *words], capture_output=True, text=True)
    check(ended.returncode == 0, f"{words}: {ended.stdout}{ended.stderr}")


def fault(verb, name):
    agent("lab", "fault", verb, name, "--state-directory", DIRECTORY)


def restart():
    agent("restart", "--wait", "60", "--config", DIRECTORY + "/agent.yaml")


async def accessible(browser, what):
    for sentence in await browser.run(ACCESSIBILITY):
        wrong.append(f"{what}: {sentence}")
    tree = (await browser.call("Accessibility.getFullAXTree"))["nodes"]
    for node in tree:
        role = node.get("role", {}).get("value")
        if role in NAMED and role != "status" and not node.get("ignored") and not node.get("name", {}).get("value"):
            wrong.append(f"{what}: a {role} without a name, DOM node {node.get('backendDOMNodeId')}")
    roles = {node.get("role", {}).get("value") for node in tree if not node.get("ignored")}
    for role in ("main", "navigation", "banner", "contentinfo"):
        check(role in roles, f"{what}: no {role}")


async def pictures(browser, url, name):
    """Every size, dark and light, each looked at for contrast and overflow."""
    os.makedirs(PICTURES, exist_ok=True)
    for width, height in SIZES:
        for scheme in ("light", "dark"):
            await browser.look(width, height, scheme)
            await browser.open(url)
            await until(lambda: browser.run(SCRIPTED), "the script")
            await accessible(browser, f"{name} {width} {scheme}")
            await browser.shoot(f"{PICTURES}/{name}-{width}-{scheme}.png")
    await browser.look(1280, 800, "light")


async def live(browser, url):
    """A fault shows up by itself, and takes nothing from the reader's hands."""
    before = len([request for request in browser.requests if "/api/v1/events" in request])
    await browser.open(url)
    await until(lambda: browser.run("document.querySelector('#live').classList.contains('on')"), "the connection")
    check("pass" in await browser.run("document.title"), "not well at first: " + str(await browser.run("document.title")))
    check("passing" in await browser.run("document.querySelector('link[rel=icon]').href"), "the icon is not that of passing")
    await browser.run("document.querySelector('#certificate-table').open = true")
    await browser.run("document.querySelector('#q').focus()")
    await browser.call("Input.insertText", text="mbx0")
    await until(lambda: browser.run("location.search === '?q=mbx0'"), "the filter in the address")
    await until(lambda: browser.run("[...document.querySelectorAll('.rows tbody tr')].every(row => row.textContent.includes('mbx0'))"), "filtered rows")
    fault("on", "oauth-expired")
    restart()
    await until(lambda: browser.run("/problem/.test(document.title)"), "the problem in the title")
    await until(lambda: browser.run("document.querySelector('link[rel=icon]').href.includes('failing')"), "the icon of failing")
    check(await browser.run("document.activeElement.id === 'q' && document.activeElement.value === 'mbx0'"), "the focus is lost")
    check(await browser.run("document.querySelector('#certificate-table').open"), "what was opened is closed")
    words = ["certificate expired", "3 servers", "Explains", "PushNotifications.Proxy", "New-ExchangeCertificate", "agent invoke OAuth/CertificateExpiryProbe"]
    card = "document.querySelector('#problems article').textContent"
    try:
        await until(lambda: browser.run(f"{words}.every(word => {card}.includes(word))"), "the card", limit=60)
    except TimeoutError:
        wrong.append(f"the card does not say all of {words}: {await browser.run(card)}")
    events = [request for request in browser.requests if "/api/v1/events" in request]
    check(len(events) == before + 1, f"not one stream of events: {events[before:]}")
    agent("acknowledge", "CertificateExpiryMonitor", "--server", "mbx01", "--comment", "on <it>", "--config", DIRECTORY + "/agent.yaml")
    await until(lambda: browser.run("/on <it>/.test(document.querySelector('#problems').textContent)"), "the acknowledgement")


async def others(browser, url):
    """Every page but the first leads back, and is as readable; what other programs take is well-formed."""
    for path in (PROBE, "forecast", "decisions", "explain/certificate_expired", "nothing/here"):
        await pictures(browser, url + path, re.sub("[^a-z]+", "-", path.split("?")[0].lower()))
        await browser.run("document.querySelector('.brand').click()")
        await until(lambda: browser.run(f"location.href === {url!r} && document.readyState === 'complete'"), f"the way back from {path}")
    # The page of a 404 is one, and the browser says so.
    browser.complaints[:] = [text for text in browser.complaints if "404" not in text]
    hrefs = await browser.run("[...document.querySelectorAll('a[href]')].map(a => a.href.split('#')[0])")
    for href in sorted(set(hrefs)):
        with urllib.request.urlopen(urllib.request.Request(href, headers={"Accept": "text/html"})) as answer:
            check(answer.status == 200, f"{href}: {answer.status}")
    for path in ("badge.svg", "badge/OAuth/CertificateExpiryProbe.svg?server=mbx01.fabrikam.com&show=days", "certificates.svg", "icon/failing.svg", "problems.atom"):
        with urllib.request.urlopen(url + path) as answer:
            xml.etree.ElementTree.fromstring(answer.read())
    feed = urllib.request.urlopen(url + "problems.atom").read().decode()
    check(feed.count("<entry>") == 1 and "<title>certificate expired on 3 servers</title>" in feed, feed)
    calendar = urllib.request.urlopen(url + "forecast.ics").read().decode()
    check(calendar.startswith("BEGIN:VCALENDAR\r\n") and "BEGIN:VEVENT" in calendar, calendar[:200])


async def refused(browser, url):
    """A configuration that cannot be used is told above all else."""
    path = Path(DIRECTORY) / "agent.yaml"
    text = path.read_text()
    path.write_text(text + "colour: red\n")
    subprocess.run([AGENT, "reload", "--config", str(path)], capture_output=True)

    async def is_told():
        # What has just been shown may be shown again for a moment.
        await browser.open(url)
        return await browser.run("/unknown key 'colour'/.test(document.querySelector('.banner.failing[role=alert]')?.textContent)")

    await until(is_told, "the refused file")
    await pictures(browser, url, "refused")
    path.write_text(text)


async def fifty(browser):
    """Fifty targets with one trouble are one card, and the list is searched."""
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        (root / "probes").mkdir()
        (root / "agent.yaml").write_text("organization: fabrikam.com\nlisten: 127.0.0.1:0\nstateDirectory: state\n")
        # Ports that nobody else takes, and where nobody listens.
        held = [socket.socket() for _ in range(50)]
        for one in held:
            one.bind(("127.0.0.1", 0))
        ports = [one.getsockname()[1] for one in held]
        targets = ", ".join(f'"127.0.0.1:{port}"' for port in ports)
        (root / "probes/ports.yaml").write_text(
            f"healthSet: Web\nname: PortProbe\nkind: tcp\nevery: 1s\ntimeout: 900ms\ntargets: [{targets}]\n"
            "monitors: [{ name: PortMonitor, when: { consecutiveFailures: 2 }, degradedFor: 100ms }]\n")
        process = subprocess.Popen(
            [AGENT, "run", "--config", str(root / "agent.yaml"), "--probes", str(root / "probes")], stderr=subprocess.PIPE, text=True)
        try:
            address = next(line.split("address=")[1].split()[0] for line in process.stderr if "address=" in line)
            reading = asyncio.get_running_loop().run_in_executor(None, lambda: [None for _ in process.stderr])
            url = f"http://{address}/"
            await browser.open(url)
            await until(lambda: browser.run("document.title.startsWith('1 problem: connect refused at 50 targets')"), "fifty targets")
            await until(lambda: browser.run("document.querySelectorAll('.rows tbody tr').length === 50"), "fifty rows")
            await pictures(browser, url, "fifty")
            await browser.open(url + f"?q=127.0.0.1:{ports[0]}")
            check(await browser.run("document.querySelectorAll('.rows tbody tr').length === 1"), "the search")
            await browser.run("document.querySelector('.rows .name a').click()")
            await until(lambda: browser.run(f"document.querySelector('h1')?.textContent.includes(':{ports[0]}')"), "the page of a target")
            return url
        finally:
            process.kill()
            process.wait()
            await reading
            for one in held:
                one.close()


async def unscripted(browser, url):
    """Without JavaScript all is there, and the filter works."""
    await browser.call("Emulation.setScriptExecutionDisabled", value=True)
    await browser.call("Page.navigate", url=url + "?state=failing&q=push")
    count = "document.querySelectorAll('.rows tbody tr').length === 3"
    await until(lambda: browser.run(count), "three rows without JavaScript")
    check(await browser.run("document.querySelectorAll('.copy:not([hidden])').length === 0"), "a button that does nothing")
    check(await browser.run("document.querySelector('#q').value === 'push' && document.querySelector('#state').value === 'failing'"), "the form forgets")
    await browser.call("Emulation.setScriptExecutionDisabled", value=False)


async def main():
    demo = subprocess.Popen(
        [AGENT, "demo", "--listen", "127.0.0.1:0", "--state-directory", DIRECTORY], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        url = None
        for line in demo.stdout:
            if found := re.match(r"page: +(http://\S+)", line):
                url = found[1]
                break
        if not url:
            sys.exit("the demo has not started")
        async with Browser() as browser:
            await pictures(browser, url, "well")
            await live(browser, url)
            await pictures(browser, url, "one-cause")
            await unscripted(browser, url)
            await others(browser, url)
            agent("maintenance", "start", "--server", "mbx01", "--for", "1h", "--config", DIRECTORY + "/agent.yaml")
            await pictures(browser, url, "maintenance")
            await refused(browser, url)
            other = await fifty(browser)
            strangers = [request for request in browser.requests if not request.startswith((url, other, "data:", "about:"))]
            check(not strangers, f"requests leave the origin: {strangers[:5]}")
            check(not browser.complaints, f"the console: {browser.complaints[:5]}")
    finally:
        demo.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            demo.wait(30)
    print("\n".join(wrong))
    sys.exit(1 if wrong else 0)


asyncio.run(main())
