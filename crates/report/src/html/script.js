"use strict";

/* The page shows text of clients and of scenario files: it is only ever put in as text, never as markup. */

const $ = (selector) => document.querySelector(selector);

function html(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat(2).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

const grouped = (number) => String(number).replace(/\B(?=(\d{3})+$)/g, "\u202f");
/* Messages have numbers such as 1 000, which no line may end within. */
const unbroken = (text) => text.replace(/(\d) (?=\d{3}(?!\d))/g, "$1\u202f");
const seconds = (ms) => (ms % 1000 === 0 ? `${grouped(ms / 1000)} s` : `${grouped(ms)} ms`);

/* ---------------------------------------------------------------- the cells that are open */

let report;
const buttons = [...document.querySelectorAll(".grid button")];
let open = [];

function cellOf(index) {
  return report.cells[index];
}

function show(indexes, focus = true) {
  if (!$(".panes")) return;
  open = indexes;
  for (const button of buttons) button.setAttribute("aria-pressed", String(open.includes(Number(button.dataset.cell))));
  $(".panes").classList.toggle("open", open.length > 0);
  $(".panes").classList.toggle("beside", open.length > 1);
  $(".panes").classList.remove("compared");
  $(".cells").replaceChildren(...open.map(cellPane));
  remember();
  if (focus && open.length > 0) $(".cells .cell:last-child h2").focus();
}

/* The address names what is open, so that it can be sent to somebody. Browsers limit how often it may change. */
let remembering;
function remember() {
  clearTimeout(remembering);
  remembering = setTimeout(() => {
    const hash = open.map((index) => nameOf(cellOf(index))).join("|");
    history.replaceState(null, "", hash ? `#${encodeURIComponent(hash)}` : location.pathname + location.search);
  }, 50);
}

function nameOf(cell) {
  return `${report.columns[cell.column].name}:${report.scenarios[cell.scenario].id}`;
}

function close(index) {
  show(open.filter((other) => other !== index));
  const button = buttons.find((candidate) => Number(candidate.dataset.cell) === index);
  const back = came ?? button;
  if (open.length > 0 || !back) return;
  came = null;
  back.focus();
  if (back !== button) back.scrollIntoView({ block: "center" });
}

let pinned = null;

function choose(index) {
  const beside = pinned !== null && pinned !== index && open.includes(pinned);
  show(beside ? [pinned, index] : [index]);
  pinned = came = null;
}

/* Before and after beside each other, where both are known. Closing goes back to the sentence. */
let came = null;
function showChanged(button) {
  show(button.dataset.open.split(" ").map(Number).slice(-2));
  $(".panes").classList.add("compared");
  came = button;
  $(".cells").scrollIntoView({ block: "start" });
}

function fromHash() {
  const wanted = decodeURIComponent(location.hash.slice(1)).split("|").filter(Boolean);
  const find = (name) => report.cells.findIndex((cell) => nameOf(cell) === name);
  show(wanted.map(find).filter((index) => index >= 0), false);
}

/* ---------------------------------------------------------------- one cell */

function cellPane(index) {
  const cell = cellOf(index);
  const scenario = report.scenarios[cell.scenario];
  const column = report.columns[cell.column];
  const pane = html("article", { class: "cell", "data-open": index });
  const pin = () => {
    pinned = index;
    $(".panes").classList.remove("open");
    const button = buttons.find((candidate) => Number(candidate.dataset.cell) === index);
    button.focus();
    announce("Choose the cell to lay beside it.");
  };
  pane.append(
    html("div", { class: "top" },
      html("h2", { tabindex: "-1" }, `${scenario.id} · ${column.name}`),
      html("div", { class: "actions" },
        open.length < 2 && html("button", { type: "button", click: pin }, "Compare with…"),
        html("button", { type: "button", click: () => close(index), "aria-label": "Close this result" }, "Close"))),
    html("p", {}, html("span", { class: cell.mark }, `${report.signs[cell.mark]} ${cell.mark}`), ` · ${column.client} ${column.version}`),
    html("h3", {}, scenario.title),
    html("p", {}, scenario.about),
    sources(scenario.sources ?? []),
  );
  if (cell.unsupported) pane.append(html("p", {}, `${column.client} cannot play this: ${cell.unsupported}`));
  const runs = html("div");
  const draw = (run, control) => runs.replaceChildren(...runParts(run, control));
  if (cell.run) {
    if (cell.control) pane.append(choice(cell, draw));
    draw(cell.run, false);
    pane.append(runs, replay(scenario, column));
  }
  return pane;
}

function sources(list) {
  const entry = (source) =>
    html("li", {}, /^https?:\/\//.test(source) ? html("a", { href: source, rel: "noreferrer noopener" }, source) : source);
  return list.length > 0 && html("details", {}, html("summary", {}, "Who had it"), html("ul", {}, list.map(entry)));
}

function choice(cell, draw) {
  const name = `run-${cell.column}-${cell.scenario}`;
  const option = (label, run, control) =>
    html("label", {}, html("input", { type: "radio", name, checked: !control, change: () => draw(run, control) }), ` ${label} `);
  return html("p", {}, option("the run", cell.run, false), option("its control, without the faults", cell.control, true));
}

function runParts(run, control) {
  return [
    run.end !== "completed" && html("p", { class: "stopped" }, `A watchdog ended this run: ${run.end}`),
    html("h3", {}, "Findings"), findings(run),
    run.ladder && html("h3", {}, "What happened"), run.ladder && ladder(run.ladder),
    html("details", { open: control || !run.ladder }, html("summary", {}, "Event by event"), transcript(run)),
    html("h3", {}, "Sockets of the client's host at the end"), sockets(run),
    run.panics && html("h3", {}, "Panics in tasks of the client"),
    run.panics && html("ul", {}, run.panics.map((panic) => html("li", {}, panic))),
  ].filter(Boolean);
}

function findings(run) {
  const order = { violated: 0, holds: 1, "not-exercised": 2 };
  const sorted = [...run.findings].sort((a, b) => order[a.verdict] - order[b.verdict]);
  const told = sorted.filter((finding) => finding.verdict !== "not-exercised");
  const rest = sorted.filter((finding) => finding.verdict === "not-exercised");
  return html("div", {},
    html("ul", { class: "findings" }, told.map((finding) => findingItem(finding, run))),
    rest.length > 0 && html("details", {}, html("summary", {}, `${rest.length} not exercised`),
      html("ul", { class: "findings faint" }, rest.map((finding) => html("li", {}, `– ${finding.oracle}: ${finding.text}`)))));
}

function findingItem(finding, run) {
  if (finding.verdict === "holds") return html("li", {}, html("span", { class: "holds" }, `✓ ${finding.oracle}`), `: ${unbroken(finding.text)}`);
  const mark = finding.level === "required" ? "violated" : "advised";
  const proof = (violation) => run.transcript
    .filter((line) => line.proves.includes(violation.index))
    .map((line) => html("div", { class: "proof" }, `${grouped(line.at).padStart(9)} ms  ${line.text}`));
  return html("li", {}, html("span", { class: mark }, `${report.signs[mark]} ${finding.oracle}`),
    html("ul", {}, finding.violations.map((violation) => html("li", {}, `${violation.severity}: ${unbroken(violation.message)}`, proof(violation)))));
}

function transcript(run) {
  const row = (line) => html("tr", { class: line.proves.length > 0 && "evidence" }, html("td", {}, grouped(line.at)), html("td", {}, line.text));
  return html("table", { class: "transcript" }, html("tbody", {}, run.transcript.map(row)));
}

function sockets(run) {
  if (run.sockets.length === 0) return html("p", { class: "faint" }, "None is left.");
  const row = (socket) => html("tr", {}, html("td", {}, socket.connection ? `connection ${socket.connection}` : "never sent a SYN"), html("td", {}, socket.state));
  return html("table", { class: "facts" }, html("tbody", {}, run.sockets.map(row)));
}

function replay(scenario, column) {
  const command = column.test
    ? `cargo test --test ${column.test} -- --exact '${column.client}::${scenario.id}'`
    : `closewait run ${scenario.id} --client ${column.client} --transcript`;
  const copy = (event) => navigator.clipboard?.writeText(command).then(() => { event.target.textContent = "Copied"; }, () => {});
  return html("div", {}, html("h3", {}, "Replay it"), html("pre", {}, command), html("button", { type: "button", click: copy }, "Copy"));
}

/* ---------------------------------------------------------------- the ladder diagram */

const WIDTH = 960, CLIENT = 380, ORIGIN = 660, ROW = 24, TOP = 40, LANE = 12;

/* What is still on its way when the run ends is not lost. */
const isLost = (arrow) => arrow.arrived_ms === undefined && arrow.arrived_event !== undefined;

function ladder(model) {
  const { rows, rowOf } = layOut(model);
  const height = TOP + rows.length * ROW + 24;
  const y = (event) => TOP + (rowOf.get(event) + 0.5) * ROW;
  const bands = model.stale.map((stale, lane) => band(stale, lane, rows, height));
  const hosts = [[CLIENT, "client"], [ORIGIN, "origin"]].map(([x, name]) => [
    svg("line", { class: "host", x1: x, x2: x, y1: TOP - 12, y2: height - 12 }),
    svg("text", { x, y: 18, "text-anchor": "middle" }, name),
  ]);
  const told = `Ladder diagram: ${model.arrows.length} messages between client and origin. The same, as text, is under “Event by event”.`;
  return html("div", { class: "ladder", tabindex: "0", role: "group", "aria-label": "Ladder diagram" },
    svg("svg", { viewBox: `0 0 ${WIDTH} ${height}`, role: "img", "aria-label": told },
      bands, hosts, svg("text", { class: "time", x: 70, y: 18, "text-anchor": "end" }, "ms"),
      rows.map((row, index) => times(row, rows[index - 1], index)),
      model.arrows.map((arrow) => arrowParts(arrow, y, rows)), model.notes.map((note) => noteParts(note, y))),
    legend(model));
}

/* Of the signs that nothing else explains, those that are in the diagram. */
function legend(model) {
  const signs = [
    model.stale.length > 0 && "Shaded: a connection is stale for the client",
    [...model.arrows, ...model.notes].some((part) => part.proof) && "Underlined: what proves a violation",
    model.arrows.some(isLost) && "Dashed, with a cross: lost",
    model.arrows.some((arrow) => arrow.forged) && "Dotted: sent by nobody on either host",
  ].filter(Boolean);
  return signs.length > 0 && html("p", { class: "faint" }, `${signs.join(". ")}.`);
}

/* One row for what happens at the client, on the wire or at the origin; things of one instant share it where nothing else is. */
function layOut(model) {
  const points = [];
  for (const arrow of model.arrows) {
    points.push({ event: arrow.sent_event, at: arrow.sent_ms, zone: "wire" });
    if (arrow.arrived_ms !== undefined && arrow.arrived_event !== undefined) points.push({ event: arrow.arrived_event, at: arrow.arrived_ms, zone: "end" });
  }
  for (const note of model.notes) points.push({ event: note.event, at: note.at_ms, zone: note.side === "network" ? "wire" : note.side });
  points.sort((a, b) => a.event - b.event);
  const rows = [], rowOf = new Map();
  for (const point of points) {
    let row = rows.at(-1);
    const taken = !row || row.at !== point.at || row.zones.has(point.zone) || (point.zone === "wire" && row.zones.has("end"));
    if (taken && !(row && row.at === point.at && point.zone === "end")) {
      const gap = row && model.gaps.find((candidate) => candidate.from_ms === row.at && candidate.until_ms === point.at);
      if (gap) rows.push({ at: row.at, fold: point.at - row.at, zones: new Set() });
      rows.push((row = { at: point.at, zones: new Set() }));
    }
    row.zones.add(point.zone);
    rowOf.set(point.event, rows.length - 1);
  }
  return { rows, rowOf };
}

function times(row, before, index) {
  const y = TOP + (index + 0.5) * ROW;
  if (row.fold) return fold(y, row.fold);
  if (before && before.at === row.at) return null;
  return svg("text", { class: "time", x: 70, y: y + 4, "text-anchor": "end" }, grouped(row.at));
}

function fold(y, ms) {
  const zigzag = (x) => svg("path", { d: `M${x - 8} ${y + 3} l5 -6 l6 6 l5 -6` });
  return svg("g", { class: "fold" }, zigzag(CLIENT), zigzag(ORIGIN),
    svg("text", { x: (CLIENT + ORIGIN) / 2, y: y + 4, "text-anchor": "middle" }, `${seconds(ms)} pass`));
}

function band(stale, lane, rows, height) {
  const first = rows.findIndex((row) => row.at >= stale.from_ms);
  const after = rows.findIndex((row) => row.at > stale.until_ms);
  const top = TOP + (first < 0 ? rows.length : first) * ROW + 4;
  const bottom = after < 0 ? height - 12 : TOP + after * ROW - 2;
  const x = CLIENT - 6 - (lane + 1) * LANE;
  return svg("g", {}, svg("rect", { class: "band", x, y: top, width: LANE - 3, height: Math.max(bottom - top, 4) }),
    svg("title", {}, `connection ${stale.connection} is stale: ${stale.reason}`));
}

function arrowParts(arrow, y, rows) {
  const [from, to] = arrow.to === "to-origin" ? [CLIENT, ORIGIN] : [ORIGIN, CLIENT];
  const start = y(arrow.sent_event);
  const lost = isLost(arrow);
  const open = arrow.arrived_ms === undefined;
  const end = open ? start + ROW / 2 : y(arrow.arrived_event);
  const tip = open ? from + (to - from) * 0.6 : to;
  const kinds = ["wire-" + ((arrow.connection - 1) % 4 + 1), arrow.stale && "stale", arrow.proof && "proof"].filter(Boolean).join(" ");
  const line = ["wire", lost && "lost", arrow.forged && "forged"].filter(Boolean).join(" ");
  const words = [`${arrow.connection}: ${arrow.label}`, arrow.stale && "on a stale connection", arrow.again && "again",
    arrow.segments > 1 && !arrow.folded && `×${arrow.segments}`, arrow.forged && "forged", lost && "lost", open && !lost && "still on its way"].filter(Boolean).join(", ");
  const near = arrow.to === "to-origin" ? { x: from + 10, "text-anchor": "start" } : { x: from - 10, "text-anchor": "end" };
  return svg("g", { class: kinds }, svg("title", {}, words),
    svg("path", { class: line, d: `M${from} ${start} L${tip} ${end}` }),
    lost ? cross(tip, end) : head(from, start, tip, end),
    svg("text", { ...near, y: start - 3 }, clip(words, 38)));
}

function head(x1, y1, x2, y2) {
  const angle = Math.atan2(y2 - y1, x2 - x1);
  const at = (turn) => `${(x2 - 9 * Math.cos(angle + turn)).toFixed(1)} ${(y2 - 9 * Math.sin(angle + turn)).toFixed(1)}`;
  return svg("path", { class: "head", d: `M${x2} ${y2} L${at(0.4)} L${at(-0.4)} Z` });
}

function cross(x, y) {
  return svg("path", { class: "wire", d: `M${x - 5} ${y - 5} l10 10 M${x + 5} ${y - 5} l-10 10` });
}

function noteParts(note, y) {
  const place = {
    client: { x: CLIENT - 48, "text-anchor": "end", most: 34 },
    origin: { x: ORIGIN + 12, "text-anchor": "start", most: 38 },
    network: { x: (CLIENT + ORIGIN) / 2, "text-anchor": "middle", most: 36 },
  }[note.side];
  const { most, ...where } = place;
  return svg("text", { ...where, class: `${note.kind} ${note.proof ? "proof" : ""}`, y: y(note.event) + 4 },
    clip(note.label, most), svg("title", {}, note.label));
}

function clip(text, most) {
  const signs = [...text];
  return signs.length > most ? signs.slice(0, most - 1).join("") + "…" : text;
}

/* ---------------------------------------------------------------- the strips of a sweep */

/* Every sign is as wide as the others. */
function pointAt(marks, x) {
  const box = marks.getBoundingClientRect();
  const count = report.strips[marks.dataset.strip].places.length;
  point(marks, Math.floor((x - box.left) / (box.width / count)));
}

function point(marks, wanted) {
  const strip = report.strips[marks.dataset.strip];
  const at = Math.min(Math.max(wanted, 0), strip.places.length - 1);
  const place = strip.places[at];
  const fault = place ? `${strip.fault}@${place}` : "no fault";
  for (const other of document.querySelectorAll(".marks[data-at]")) if (other !== marks) delete other.dataset.at;
  for (const other of marks.closest("table").querySelectorAll(".marks")) other.tabIndex = other === marks ? 0 : -1;
  marks.dataset.at = at;
  marks.style.setProperty("--at", at);
  marks.setAttribute("aria-valuenow", at + 1);
  marks.setAttribute("aria-valuetext", `${fault}: ${strip.marks[at]}`);
  const command = `closewait sweep --show ${strip.workload} ${fault} ${strip.client}`;
  $("#place").replaceChildren(
    html("strong", {}, `${fault}: ${strip.marks[at]}`), ` · ${strip.workload} on ${strip.client}`,
    ...(place ? [html("br"), html("code", {}, command)] : []));
  marks.focus({ preventScroll: true });
  bringIntoView(marks, at / strip.places.length);
}

function bringIntoView(marks, part) {
  const pane = marks.closest(".strip");
  const head = marks.closest("tr").querySelector("th").offsetWidth;
  const x = marks.offsetWidth * part;
  const room = pane.clientWidth - head;
  if (x < pane.scrollLeft + 8) pane.scrollLeft = Math.max(x - 40, 0);
  else if (x > pane.scrollLeft + room - 24) pane.scrollLeft = x - room + 60;
  marks.closest("tr").querySelector("th").scrollIntoView({ block: "nearest", inline: "nearest" });
}

function walk(event) {
  const marks = event.target.closest(".marks");
  if (!marks) return false;
  const at = Number(marks.dataset.at ?? -1);
  const rows = [...marks.closest("table").querySelectorAll(".marks")];
  const row = rows.indexOf(marks);
  const targets = {
    ArrowLeft: [marks, at - 1], ArrowRight: [marks, at + 1], Home: [marks, 0], End: [marks, Infinity],
    ArrowUp: [rows[row - 1], at], ArrowDown: [rows[row + 1], at],
  };
  const [target, index] = targets[event.key] ?? [];
  if (!target) return false;
  event.preventDefault();
  point(target, index);
  return true;
}

/* ---------------------------------------------------------------- the grid */

function announce(text) {
  $("#status").textContent = text;
}

function filter() {
  const words = $("#words").value.toLowerCase().split(/\s+/).filter(Boolean);
  const marks = new Set([...document.querySelectorAll(".filter input[type=checkbox]:checked")].map((box) => box.value));
  let shown = 0;
  for (const row of document.querySelectorAll(".grid tr[data-words]")) {
    const text = row.dataset.words.toLowerCase();
    const cells = [...row.querySelectorAll("button")];
    const hit = words.every((word) => text.includes(word)) && cells.some((button) => marks.has(button.dataset.mark));
    row.hidden = !hit;
    shown += hit ? 1 : 0;
  }
  for (const family of document.querySelectorAll(".grid tbody")) {
    family.hidden = ![...family.querySelectorAll("tr[data-words]")].some((row) => !row.hidden);
  }
  announce(`${shown} scenarios shown`);
}

function move(event) {
  const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  const step = steps[event.key];
  const button = event.target.closest(".grid button");
  if (!step || !button) return;
  const rows = [...document.querySelectorAll(".grid tr[data-words]")].filter((row) => !row.hidden && !row.closest("tbody").hidden);
  const row = rows.indexOf(button.closest("tr"));
  const column = [...button.closest("tr").querySelectorAll("button")].indexOf(button);
  const next = rows[row + step[0]]?.querySelectorAll("button");
  const target = next && next[Math.min(Math.max(column + step[1], 0), next.length - 1)];
  if (target) {
    event.preventDefault();
    rove(target);
    target.focus();
  }
}

/* One stop of the tab key for the whole grid; the arrows move within. */
function rove(target) {
  for (const button of buttons) button.tabIndex = button === target ? 0 : -1;
}

async function unpack(base64) {
  const bytes = Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(stream).text());
}

function listen() {
  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches("input[type=search]");
    if (event.key === "Escape" && open.length > 0 && !typing) close(open.at(-1));
    else if (event.key === "/" && !typing && $("#words")) { event.preventDefault(); $("#words").focus(); }
    else if (!walk(event)) move(event);
  });
  for (const button of buttons) button.addEventListener("click", () => { rove(button); choose(Number(button.dataset.cell)); });
  for (const button of document.querySelectorAll("[data-open]")) button.addEventListener("click", () => showChanged(button));
  for (const input of document.querySelectorAll(".filter input")) input.addEventListener("input", filter);
  for (const marks of document.querySelectorAll(".marks")) marks.addEventListener("click", (event) => pointAt(marks, event.clientX));
  window.addEventListener("hashchange", fromHash);
  if (buttons.length > 0) rove(buttons[0]);
}

unpack($("#report").textContent).then((unpacked) => {
  report = unpacked;
  listen();
  fromHash();
  document.body.dataset.ready = "true";
}, () => {
  $("#status").removeAttribute("style");
  announce("This browser cannot unpack the report: it wants DecompressionStream.");
});
