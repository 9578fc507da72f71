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
NAMED = {"button", "dialog", "link", "textbox", "searchbox", "combobox", "table", "region", "search", "img", "heading", "navigation", "article", "status"}

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


async def accessible(browser, what, landmarks=("main", "navigation", "banner", "contentinfo")):
    for sentence in await browser.run(ACCESSIBILITY):
        wrong.append(f"{what}: {sentence}")
    tree = (await browser.call("Accessibility.getFullAXTree"))["nodes"]
    for node in tree:
        role = node.get("role", {}).get("value")
        if role in NAMED and role != "status" and not node.get("ignored") and not node.get("name", {}).get("value"):
            wrong.append(f"{what}: a {role} without a name, DOM node {node.get('backendDOMNodeId')}")
    roles = {node.get("role", {}).get("value") for node in tree if not node.get("ignored")}
    for role in landmarks:
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


async def failed_run(browser, url):
    """A run that failed has a page, which the history of its probe leads to."""
    run = "document.querySelector('#history a[href*=\"/runs/\"]')?.href"

    async def is_linked():
        # The history is read when the page is made.
        await browser.open(url + PROBE)
        return await browser.run(f"{run} !== undefined")

    await until(is_linked, "the link to a run")
    await pictures(browser, await browser.run(run), "run")
    check(await browser.run("/certificate_expired/.test(document.querySelector('.lead').textContent)"), "the run does not say why it failed")
    check(await browser.run("document.querySelectorAll('.stages tbody tr').length > 1"), "the run has no stages")
    await browser.open(url)


async def others(browser, url):
    """Every page but the first leads back, and is as readable; what other programs take is well-formed."""
    for path in (PROBE, "forecast", "decisions", "explain/certificate_expired", "nothing/here"):
        await pictures(browser, url + path, re.sub("[^a-z]+", "-", path.split("?")[0].lower()))
        await browser.run("document.querySelector('.brand').click()")
        await until(lambda: browser.run(f"location.href === {url!r} && document.readyState === 'complete'"), f"the way back from {path}")
    await failed_run(browser, url)
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
            # A page that stays would look for its agent.
            await browser.open("about:blank")
            return url
        finally:
            process.kill()
            process.wait()
            await reading
            for one in held:
                one.close()


async def ordered(browser):
    """A user who has logged in runs a probe again, acknowledges and starts maintenance from the page, with the keyboard alone."""
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        (root / "probes").mkdir()
        (root / "agent.yaml").write_text(
            "organization: fabrikam.com\nlisten: 127.0.0.1:0\nstateDirectory: state\nservers: [{ name: mbx01 }, { name: mbx02 }]\n")
        (root / "web.yml").write_text("basic_auth_users:\n  dave: $2y$04$PY5Sqt6XaldB2.JKzk2BFu/9oJV.envJLIJTtms/hRui68y3GwRtS\n")
        # It runs again when somebody asks for it.
        (root / "probes/export.yaml").write_text(
            "healthSet: Files\nname: Export\nkind: file-age\nscope: server\nevery: 1d\ntimeout: 900ms\n"
            f"options: {{ path: {root}/export }}\n"
            "monitors: [{ name: ExportMonitor, when: { consecutiveFailures: 1 }, degradedFor: 100ms }]\n")
        process = subprocess.Popen(
            [AGENT, "run", "--config", str(root / "agent.yaml"), "--probes", str(root / "probes"), "--web.config.file", str(root / "web.yml")],
            stderr=subprocess.PIPE, text=True)
        try:
            address = next(line.split("address=")[1].split()[0] for line in process.stderr if "address=" in line)
            reading = asyncio.get_running_loop().run_in_executor(None, lambda: [None for _ in process.stderr])
            url, login = f"http://{address}/", f"http://dave:dave123@{address}/"
            # As if it had asked for the password.
            await browser.call("Page.navigate", url=login + "metrics")
            await until(lambda: browser.run("document.body?.textContent.includes('health_agent_build_info')"), "the login")
            await browser.open(url)
            await until(lambda: browser.run("/2 servers/.test(document.querySelector('#problems article')?.textContent)"), "the problem on both servers")
            card = "document.querySelector('#problems article').textContent"
            live = "document.querySelector('#live').textContent"

            async def ask(words, at="#problems"):
                """Opens the dialog of a button by the keyboard."""
                await browser.run(f"[...document.querySelectorAll('{at} .order')].find(e => e.textContent === {words!r}).focus()")
                await browser.press("Enter", 13, "\r")
                await until(lambda: browser.run(f"document.querySelector('dialog').open && document.querySelector('#order-title').textContent.startsWith({words!r})"), words)

            for width, height in SIZES[:2]:
                for scheme in ("light", "dark"):
                    await browser.look(width, height, scheme)
                    for words, fields in (("Maintenance", 3), ("Acknowledge", 1), ("Run again", 0)):
                        await ask(words)
                        seen = "[...document.querySelectorAll('dialog input, dialog select')].filter(e => e.checkVisibility()).length"
                        check(await browser.run(seen) == fields, f"the fields of {words}: {await browser.run(seen)}")
                        await accessible(browser, f"dialog {words} {width} {scheme}", landmarks=["dialog"])
                        os.makedirs(PICTURES, exist_ok=True)
                        await browser.shoot(f"{PICTURES}/dialog-{words.lower().replace(' ', '-')}-{width}-{scheme}.png")
                        await browser.press("Escape", 27)
                        await until(lambda: browser.run("!document.querySelector('dialog').open"), "the dialog is closed")
                        check(await browser.run("document.activeElement.textContent") == words, f"the focus is not where it was before {words}")
            check("Acknowledged" not in await browser.run(card), "cancelled, and acknowledged nevertheless")

            await ask("Acknowledge")
            check(await browser.run("document.activeElement.name") == "comment", "the focus is not in the field")
            # What the agent refuses is told in the dialog, where it can be mended.
            await browser.call("Input.insertText", text="two\tcolumns")
            await browser.press("Enter", 13, "\r")
            await until(lambda: browser.run("/one line/.test(document.querySelector('#order-error[role=alert]').textContent)"), "the refusal")
            check(await browser.run("document.querySelector('dialog').open"), "the dialog is closed with its error")
            await accessible(browser, "dialog with an error", landmarks=["dialog"])
            await browser.run("document.activeElement.value = ''")
            await browser.call("Input.insertText", text="on <it>")
            await browser.press("Enter", 13, "\r")
            await until(lambda: browser.run(f"/Acknowledged.*by dave.*: on <it>/s.test({card})"), "who has acknowledged it")
            await until(lambda: browser.run(f"!document.querySelector('dialog').open && {live} === 'Acknowledged: snapshot missing'"), "what is said of it")
            await until(lambda: browser.run("document.activeElement.matches('#problems .orders button')"), "the focus beside the button that is gone")
            check("Acknowledge" not in await browser.run("[...document.querySelectorAll('.order')].map(e => e.textContent).join()"), "it can be acknowledged twice")

            # The page changes around a button that has the focus.
            await browser.run("document.querySelector('#problems .order').focus()")
            agent("maintenance", "start", "--server", "mbx02", "--component", "Files", "--requester", "Other", "--for", "3h", "--config", str(root / "agent.yaml"))
            await until(lambda: browser.run("document.querySelector('.banner.maintenance') !== null"), "the maintenance that somebody else has started")
            check(await browser.run("document.activeElement.matches('#problems .order') && document.activeElement.textContent === 'Run again'"), "the focus is lost as the page changes")

            await ask("Maintenance")
            await browser.press("Tab", 9)
            await browser.press("ArrowUp", 38)
            for _ in range(2):
                await browser.press("Tab", 9)
            check(await browser.run("document.activeElement.textContent") == "Confirm", "the fields in another order")
            await browser.press("Enter", 13, "\r")
            for server in ("mbx01", "mbx02"):
                banner = f"/In maintenance: Files on {server} .*, ends in (59|60) min.*, by dave/"
                await until(lambda: browser.run(f"[...document.querySelectorAll('.banner.maintenance')].some(e => {banner}.test(e.textContent))"), banner)
            await until(lambda: browser.run("!document.querySelector('dialog').open"), "the dialog is closed")

            (root / "export").write_text("content\n")
            await browser.open(url + "probes/Files/Export?server=mbx01")
            await until(lambda: browser.run(SCRIPTED), "the script")
            await accessible(browser, "the page of a probe with buttons")
            await ask("Run again", "main")
            await browser.press("Enter", 13, "\r")
            await until(lambda: browser.run("document.querySelector('#order-result').textContent === 'mbx01: Succeeded'"), "the result")
            check(await browser.run("document.querySelector('dialog').open && document.activeElement.textContent === 'Close'"), "nothing to close it with")
            await until(lambda: browser.run("document.querySelector('h1').nextElementSibling.textContent.includes('Succeeded')"), "the page after the run")
            await browser.press("Enter", 13, "\r")
            await until(lambda: browser.run("!document.querySelector('dialog').open && document.activeElement.textContent === 'Run again'"), "the focus after the run")

            await browser.call("Emulation.setScriptExecutionDisabled", value=True)
            await browser.open(url)
            check(await browser.run("document.querySelectorAll('.order').length > 0 && [...document.querySelectorAll('.order, dialog')].every(e => !e.checkVisibility())"), "a button that does nothing")
            await browser.call("Emulation.setScriptExecutionDisabled", value=False)
            await browser.open("about:blank")
            # The refusal above, and the icon that the browser expects of a page that is text.
            browser.complaints[:] = [text for text in browser.complaints if "409" not in text and "404" not in text]
            return url, login
        finally:
            process.kill()
            process.wait()
            await reading


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
            own = await ordered(browser)
            strangers = [request for request in browser.requests if not request.startswith((url, other, *own, "data:", "about:"))]
            check(not strangers, f"requests leave the origin: {strangers[:5]}")
            check(not browser.complaints, f"the console: {browser.complaints[:5]}")
    finally:
        demo.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            demo.wait(30)
    print("\n".join(wrong))
    sys.exit(1 if wrong else 0)


asyncio.run(main())
