// What is wrong with the page for those who cannot see it well or at all: a list of sentences. Contrast as WCAG 2.2 computes it.
(() => {
  const wrong = [];
  const say = (element, what) => wrong.push(`${what}: ${element.outerHTML.slice(0, 160)}`);
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  function rgba(color) {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  }
  const over = (top, below) => [0, 1, 2].map(i => top[i] * top[3] + below[i] * (1 - top[3])).concat(1);
  function ground(element) {
    const layers = [];
    for (let e = element; e; e = e.parentElement) layers.push(rgba(getComputedStyle(e).backgroundColor));
    return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255, 1]);
  }
  function luminance([r, g, b]) {
    const part = v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  }
  function contrast(a, b) {
    const [x, y] = [luminance(a), luminance(b)].sort((p, q) => q - p);
    return (x + 0.05) / (y + 0.05);
  }
  const isSeen = element => element.checkVisibility({ visibilityProperty: true, contentVisibilityAuto: false }) && !element.closest(".skip");
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let texts = 0;
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !isSeen(element) || element.closest("title, option, script")) continue;
    const style = getComputedStyle(element), size = parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    const below = ground(element);
    const ratio = contrast(over(rgba(element.closest("svg") ? style.fill : style.color), below), below);
    texts += 1;
    if (ratio < (isLarge ? 3 : 4.5)) say(element, `contrast ${ratio.toFixed(2)}`);
  }
  for (const icon of document.querySelectorAll(".icon")) {
    if (isSeen(icon) && contrast(rgba(getComputedStyle(icon).color), ground(icon)) < 3) say(icon, "contrast of a picture under 3");
  }
  if (texts < 20) wrong.push(`only ${texts} texts`);
  const ids = [...document.querySelectorAll("[id]")].map(e => e.id);
  for (const id of new Set(ids)) if (ids.filter(other => other === id).length > 1) wrong.push(`id ${id} twice`);
  for (const element of document.querySelectorAll("[aria-labelledby]")) {
    for (const id of element.getAttribute("aria-labelledby").split(" ")) if (!document.getElementById(id)) say(element, "no label");
  }
  for (const use of document.querySelectorAll("use")) if (!document.querySelector(use.getAttribute("href"))) say(use, "no such symbol");
  if (!document.documentElement.lang) wrong.push("no language");
  for (const name of ["h1", "main", "header", "footer"]) if (document.querySelectorAll(`body > ${name}, main ${name === "h1" ? "h1" : "none"}`).length !== 1) wrong.push(`not one ${name}`);
  const levels = [...document.querySelectorAll("h1, h2, h3, h4")].filter(isSeen).map(e => +e.localName[1]);
  levels.forEach((level, i) => { if (level > (levels[i - 1] ?? 0) + 1) wrong.push(`h${level} after h${levels[i - 1]}`); });
  for (const control of document.querySelectorAll("button, input, select, summary, .cell")) {
    const box = control.getBoundingClientRect();
    if (isSeen(control) && box.height && (box.height < 24 || box.width < 24)) say(control, `only ${box.width} by ${box.height}`);
  }
  for (const element of document.querySelectorAll("[style], [onclick], script:not([src]), style")) say(element, "inline");
  // A phone zooms out to what is too wide: its window is no measure then.
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > width) {
    const wide = [...document.querySelectorAll("main *")].filter(e => e.getBoundingClientRect().right > width + 1 && !e.closest(".scroll, svg"));
    wrong.push(`wider than the window: ${wide.slice(-1).map(e => e.outerHTML.slice(0, 200))}`);
  }
  return wrong;
})()
