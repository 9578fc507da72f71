// Keeps the page up to date: one stream of events says when to fetch it again. Without this script, the page is complete as it was sent.
"use strict";
(() => {
  const live = document.getElementById("live");
  const byId = id => id && document.getElementById(id);

  // Times: the exact one in the reader's own zone beside UTC, and relative ones that go on.
  const units = [["d", 86400, 172800], ["h", 3600, 7200], ["min", 60, 60], ["s", 1, 0]];
  function relative(date, now) {
    const seconds = Math.round((date - now) / 1000), size = Math.abs(seconds);
    const [unit, length] = units.find(u => size >= u[2]);
    const text = Math.floor(size / length) + " " + unit;
    return seconds > 0 ? "in " + text : size < 2 ? "just now" : text + " ago";
  }
  // The clock of the server counts, not that of the reader.
  let skew = 0;
  function times() {
    const now = Date.now() - skew;
    for (const element of document.querySelectorAll("time")) {
      const date = Date.parse(element.dateTime);
      if (!element.dataset.utc) {
        element.dataset.utc = element.title;
        element.title += " · here " + new Date(date).toLocaleString();
      }
      const text = element.closest(".next") && date <= now ? "now" : relative(date, now);
      if (element.textContent !== text) element.textContent = text;
    }
  }

  function buttons() { for (const button of document.querySelectorAll("button.copy[hidden], button.order[hidden]")) button.hidden = false; }

  // What the reader has opened or closed stays so, even if it was gone for a while.
  const opened = new Map();
  document.addEventListener("toggle", event => { if (event.target.id) opened.set(event.target.id, event.target.open); }, true);

  // Takes over what a newer page says: each part whose text has changed, so that focus, selection and scrolling stay.
  let fetching = null, again = false;
  // With `isNew`, the page is made for this request alone.
  async function refresh(address, isNew) {
    if (fetching) { again = true; return fetching; }
    const target = address || location.href;
    fetching = (async () => {
      const answer = await fetch(target, { headers: { Accept: "text/html", ...(isNew ? {} : { "X-Page-Refresh": "1" }) }, signal: AbortSignal.timeout(30000) });
      if (!answer.ok) {
        say("out of date: " + answer.status, "off");
        throw new Error(answer.status);
      }
      const date = Date.parse(answer.headers.get("date"));
      if (date) skew = Date.now() - date;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (page.querySelector('link[rel=stylesheet]').getAttribute("href") !== document.querySelector('link[rel=stylesheet]').getAttribute("href")) return dialog && dialog.open ? null : location.reload();
      take(page);
    })();
    try { await fetching; } finally {
      fetching = null;
      if (again) { again = false; later(1000); }
    }
  }
  function take(page) {
    document.title = page.title;
    const icon = document.querySelector("link[rel=icon]"), newer = page.querySelector("link[rel=icon]");
    if (icon.getAttribute("href") !== newer.getAttribute("href")) icon.replaceWith(newer);
    for (const details of page.querySelectorAll("details[id]")) if (opened.has(details.id)) details.open = opened.get(details.id);
    const search = byId("q"), state = byId("state");
    if (search && page.getElementById("q")) { page.getElementById("q").replaceWith(search.cloneNode()); page.getElementById("q").value = search.value; }
    const focused = document.activeElement, id = focused && focused.id, at = focused && focused.selectionStart;
    const group = focused && focused.closest && focused.closest(".orders"), groupId = group && group.id;
    const href = focused && focused.getAttribute && focused.getAttribute("href");
    merge(document.getElementById("main"), page.getElementById("main"));
    // What is hidden takes no focus.
    buttons();
    if (document.activeElement !== focused) {
      const again = byId(id) || (href && document.querySelector(`main a[href="${CSS.escape(href)}"]`)) || inGroup(groupId);
      if (again) { again.focus({ preventScroll: true }); if (at != null && again.setSelectionRange) again.setSelectionRange(at, at); }
    }
    if (state && byId("state") && document.activeElement !== byId("state")) byId("state").value = page.getElementById("state") ? page.getElementById("state").value : byId("state").value;
    times();
    watchMore();
  }
  const plain = element => element.outerHTML.replace(/<time[^>]*>[^<]*<\/time>/g, "").replace(/ hidden(="")?/g, "");
  // Elements of the same kind at the same place are compared; one that differs is replaced, or looked into if it is a container.
  function merge(old, fresh) {
    const before = [...old.children], after = [...fresh.children];
    const key = e => e.localName + "#" + e.id;
    if (before.length !== after.length || before.some((e, i) => key(e) !== key(after[i]))) return old.replaceChildren(...fresh.childNodes);
    before.forEach((element, index) => {
      const other = after[index];
      if (element.contains(document.activeElement) && /^(INPUT|SELECT|FORM)$/.test(element.tagName) && element.tagName !== "FORM") return;
      if (plain(element) === plain(other)) return copyTimes(element, other);
      if (/^(SECTION|FORM|TABLE|TBODY|DIV)$/.test(element.tagName) && sameAttributes(element, other) && element.children.length) return merge(element, other);
      element.replaceWith(other);
    });
  }
  const sameAttributes = (a, b) => a.className === b.className && a.getAttribute("href") === b.getAttribute("href");
  function copyTimes(element, other) {
    const mine = element.matches("time") ? [element] : element.querySelectorAll("time");
    const theirs = other.matches("time") ? [other] : other.querySelectorAll("time");
    if (mine.length === theirs.length) mine.forEach((time, index) => { if (time.dateTime !== theirs[index].dateTime) time.replaceWith(theirs[index]); });
  }

  // One connection while the page is seen. The browser's own retry is constant: this one backs off to a minute.
  let source = null, delay = 1000, timer = null, due = null, retry = null;
  function say(text, state) { if (live.textContent !== text) live.textContent = text; live.className = "live " + state; }
  function later(milliseconds) {
    const at = Date.now() + milliseconds;
    if (timer && due <= at) return;
    clearTimeout(timer);
    due = at;
    timer = setTimeout(() => { timer = null; refresh().catch(() => {}); }, milliseconds);
  }
  function connect() {
    retry = null;
    if (source || document.hidden) return;
    source = new EventSource(root + "api/v1/events?only=changes");
    source.onopen = () => { delay = 1000; say("live", "on"); later(0); };
    source.onerror = () => {
      source.close();
      source = null;
      say("not connected: trying again", "off");
      delay = Math.min(delay * 2, 60000);
      if (!retry) retry = setTimeout(connect, delay * (0.75 + Math.random() / 2));
    };
    for (const name of ["state", "escalation", "decision"]) source.addEventListener(name, () => later(250 + Math.random() * 400));
  }
  const root = document.querySelector(".brand").getAttribute("href");
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) { if (source) { source.close(); source = null; } return; }
    if (!source && !retry) connect();
  });

  // Filter and search as one types.
  let typing = null;
  function filter() {
    const form = document.querySelector("form.filter"), query = new URLSearchParams(new FormData(form));
    for (const name of ["q", "state"]) if (!query.get(name)) query.delete(name);
    const address = location.pathname + (query.size ? "?" + query : "");
    history.replaceState(null, "", address);
    refresh(address).catch(() => {});
  }
  document.addEventListener("input", event => {
    if (!event.target.closest("form.filter")) return;
    clearTimeout(typing);
    typing = setTimeout(filter, event.target.id === "q" ? 250 : 0);
  });
  document.addEventListener("submit", event => { if (event.target.matches("form.filter")) { event.preventDefault(); filter(); } });

  // Further rows as the reader comes to them.
  const more = "IntersectionObserver" in window ? new IntersectionObserver(entries => {
    if (entries.some(entry => entry.isIntersecting)) { more.disconnect(); show(entries[0].target.href); }
  }, { rootMargin: "600px" }) : null;
  function show(address) { history.replaceState(null, "", address); refresh(address).catch(() => {}); }
  function watchMore() { if (more) { more.disconnect(); if (byId("more")) more.observe(byId("more")); } }

  document.addEventListener("click", async event => {
    const button = event.target.closest("button.copy");
    if (!button) return;
    const code = button.parentElement.querySelector("code");
    try { await navigator.clipboard.writeText(code.textContent); } catch {
      // Only a page from https or this machine may use the clipboard directly.
      getSelection().selectAllChildren(code);
      document.execCommand("copy");
      getSelection().removeAllRanges();
    }
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });

  // What a user who has logged in may order. The dialog says what will happen; what the server answers is shown in it.
  const dialog = byId("order"), part = name => byId("order-" + name);
  const inGroup = id => byId(id) && byId(id).querySelector("button");
  let order = null;
  function ask(button) {
    order = { ...JSON.parse(button.dataset.order), opener: button.id, group: button.parentElement.id };
    const form = dialog.querySelector("form"), first = order.bodies[0];
    form.reset();
    part("title").textContent = button.getAttribute("aria-label");
    part("what").textContent = order.what;
    for (const field of form.querySelectorAll("[data-ask]")) field.hidden = !order.asks.includes(field.dataset.ask);
    form.extent.options[0].textContent = "health set " + first.component;
    form.extent.options[1].textContent = "everything on " + (order.bodies.length > 1 ? "these servers" : first.server);
    part("error").textContent = part("result").textContent = "";
    part("confirm").hidden = false;
    part("cancel").textContent = "Cancel";
    dialog.showModal();
  }
  async function post(path, body) {
    const headers = { Accept: "application/json", "Content-Type": "application/json" };
    const answer = await fetch(root + path, { method: "POST", headers, body: JSON.stringify(body) });
    const text = await answer.text();
    let value = {};
    try { value = JSON.parse(text); } catch {}
    if (!answer.ok) throw new Error(value.error || text.trim() || answer.status + " " + answer.statusText);
    return value;
  }
  function result(ran) {
    const why = ran.error || (ran.warnings[0] && ran.warnings[0].sentence);
    return `${ran.server || ran.target || ran.probe}: ${ran.resultType}` + (why ? ": " + why : "");
  }
  async function carryOut() {
    const mine = order, form = dialog.querySelector("form"), asks = name => mine.asks.includes(name);
    const given = { ...(asks("comment") && { comment: form.comment.value }), ...(asks("duration") && { seconds: Number(form.duration.value) }),
      ...(asks("extent") && form.extent.value === "server" && { component: undefined }) };
    const results = [], errors = new Set(), left = [];
    mine.isSent = true;
    part("error").textContent = "";
    part("result").textContent = "Waiting for the agent …";
    for (const body of mine.bodies) {
      try {
        const answer = await post(mine.path, { ...body, ...given });
        results.push(...(answer.results || []).map(result));
        for (const refusal of answer.refusals || []) errors.add(refusal.sentence);
      } catch (error) { errors.add(error.message); left.push(body); }
    }
    if (left.length < mine.bodies.length) await renew();
    if (left.length) mine.bodies = left;
    mine.isSent = false;
    const said = errors.size ? [...errors].join("\n") : mine.done;
    // Whoever has closed it in the meantime is told nevertheless.
    if (order !== mine) return announce(said);
    part("result").textContent = results.join("\n");
    if (errors.size) { part("error").textContent = said; return; }
    if (results.length) {
      part("confirm").hidden = true;
      part("cancel").textContent = "Close";
      part("cancel").focus();
    } else dialog.close();
    announce(said);
  }
  // A page that was asked for before says nothing of what has been done since.
  async function renew() {
    if (fetching) await fetching.catch(() => {});
    await refresh(null, true).catch(() => {});
  }
  function announce(text) {
    say(text, live.classList.contains("off") ? "off" : "on");
    setTimeout(() => { if (live.textContent === text && source && source.readyState === 1) say("live", "on"); }, 20000);
  }
  if (dialog) {
    document.addEventListener("click", event => { const button = event.target.closest("button.order"); if (button) ask(button); });
    part("cancel").addEventListener("click", () => dialog.close());
    dialog.querySelector("form").addEventListener("submit", event => { event.preventDefault(); if (!order.isSent) carryOut(); });
    dialog.addEventListener("close", () => {
      // It comes late, perhaps when the next has been opened.
      if (dialog.open) return;
      const { opener, group } = order;
      order = null;
      // The browser gives the focus back to the button, which may be gone by now.
      const focused = document.activeElement;
      if (focused === document.body || dialog.contains(focused)) (byId(opener) || inGroup(group) || byId("main")).focus({ preventScroll: true });
    });
  }

  buttons();
  times();
  watchMore();
  setInterval(times, 5000);
  connect();
  // Durations and strips move on with every run: look again now and then.
  setInterval(() => { if (!document.hidden && source) later(0); }, 30000);
})();
