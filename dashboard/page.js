"use strict";
// Shows views, switches language and theme, and opens a KPI. It looks figures up and writes them down; it computes none.

const COMPLETE = 1, PROVISIONAL = 2, CONNECTED = 4, DAY = 86400000;
const GRAINS = ["day", "week", "month", "quarter", "year"];
const RECENT = { day: 92, week: 53, month: 37, quarter: 13, year: 11 };
const ROWS_FIRST = 60;
const STALE_AFTER = 2 * DAY;
const root = document.documentElement;
const find = (selector, within = document) => within.querySelector(selector);
const findAll = (selector, within = document) => [...within.querySelectorAll(selector)];

// A preference that cannot be kept, as in a private window, is none.
function keep(name, value) { try { localStorage.setItem("parcours." + name, value); } catch { /* not kept */ } }
function kept(name) { try { return localStorage.getItem("parcours." + name); } catch { return null; } }

function element(tag, attributes = {}, ...inside) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value != null) made.setAttribute(name, value);
  }
  made.append(...inside.filter((one) => one != null));
  return made;
}

async function unpacked(id) {
  const bytes = Uint8Array.from(atob(find("#" + id).textContent), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).text();
}

// Both are unpacked once, when the first KPI is opened.
let facts = null, charts = null;
const readFacts = () => (facts ??= unpacked("facts").then(JSON.parse));
const readCharts = () => (charts ??= unpacked("charts").then((text) => {
  const script = document.createElement("script");
  script.textContent = text;
  document.head.append(script);
}));

// ---- words, numbers and days in the language that is shown

const language = () => root.lang;
const locale = () => (language() === "fr" ? "fr-FR" : "en-GB");
function say(known, name, filled = {}) {
  return known.words[language()][name].replace(/\{(\w+)\}/g, (_, place) => filled[place]);
}
function number(value, decimals) {
  return new Intl.NumberFormat(locale(), { minimumFractionDigits: decimals, maximumFractionDigits: decimals }).format(value).replace("-", "−");
}
function written(known, value, unit) {
  if (value == null) return "–";
  if (unit === "rate") return new Intl.NumberFormat(locale(), { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(value).replace("-", "−");
  if (unit === "count") return number(value, Number.isInteger(value) ? 0 : 1);
  if (unit === "seconds") return duration(value);
  if (unit === "days") return number(value, 1) + "\u00a0" + (language() === "fr" ? "j" : "d");
  if (unit === "points") return number(value, 1);
  if (/^[A-Z]{3}$/.test(unit)) return new Intl.NumberFormat(locale(), { style: "currency", currency: unit }).format(value).replace("-", "−");
  return number(value, 2);
}
function duration(value) {
  const seconds = Math.round(value), minutes = Math.trunc(seconds / 60), hours = Math.trunc(minutes / 60);
  const parts = hours ? [hours + " h", (minutes % 60) + " min"] : minutes ? [minutes + " min", (seconds % 60) + " s"] : [seconds + " s"];
  return parts.join(" ").replaceAll(" ", "\u00a0");
}
function part(value) {
  return value == null ? "–" : number(value, Number.isInteger(value) ? 0 : 2);
}
function dayText(day, style = { day: "numeric", month: "long", year: "numeric" }) {
  return new Intl.DateTimeFormat(locale(), { ...style, timeZone: "UTC" }).format(new Date(day * DAY)).replace(/^1 /, language() === "fr" ? "1er " : "1 ");
}
function iso(day) { return new Date(day * DAY).toISOString().slice(0, 10); }
function periodText(known, grain, start) {
  if (grain === "day") return dayText(start);
  if (grain === "week") return say(known, "week_of", { day: dayText(start) });
  if (grain === "month") return dayText(start, { month: "long", year: "numeric" });
  const [year, month] = iso(start).split("-");
  return grain === "year" ? year : say(known, "quarter_of", { quarter: { "01": 1, "04": 2, "07": 3, "10": 4 }[month], year });
}

// ---- an opened KPI

let opened = { id: null, grain: "month", whole: false, rows: ROWS_FIRST };

async function open(id, grain) {
  const target = find("#opened"), heading = find('[data-view="kpi"] h2');
  if (!("DecompressionStream" in window)) { find("#too-old").hidden = false; return; }
  const known = await readFacts();
  const kpi = known.kpis[id];
  if (!kpi) { location.hash = "#journey"; return; }
  opened = { id, grain, whole: opened.id === id && opened.whole, rows: ROWS_FIRST };
  heading.textContent = kpi.label[language()];
  target.replaceChildren(details(known, kpi));
  await drawChart(known, kpi);
}

function details(known, kpi) {
  const own = kpi.grains[opened.grain];
  return element("div", { class: "opened" },
    element("div", { class: "bar" }, grainChoice(known), element("a", { href: "#journey" }, say(known, "back"))),
    element("p", { class: "sentence" }, own.sentence[language()]),
    kpi.state ? element("p", { class: "state " + kpi.state.status.replace(" ", "-") }, element("span", { class: "dot", "aria-hidden": "true" }), kpi.state[language()]) : null,
    chartPanel(known, kpi, own),
    tablePanel(known, kpi, own),
    element("div", { class: "halves" }, meaningPanel(known, kpi), sourcesPanel(known, kpi, own)),
    segmentsPanel(known, kpi),
    revisionsPanel(known, kpi),
    sqlPanel(known, kpi));
}

function panel(known, title, ...inside) {
  return element("section", { class: "panel" }, element("h3", {}, say(known, title)), ...inside);
}

function grainChoice(known) {
  return element("fieldset", { class: "grains" }, element("legend", { class: "quiet" }, say(known, "grain")),
    ...GRAINS.map((grain) => element("label", {},
      element("input", { type: "radio", name: "grain", value: grain, checked: grain === opened.grain, onchange: () => { location.hash = `#kpi/${opened.id}/${grain}`; } }),
      element("span", {}, say(known, grain)))));
}

function shownPlaces(known) {
  const length = known.periods[opened.grain].start.length;
  const first = opened.whole ? 0 : Math.max(0, length - RECENT[opened.grain]);
  return Array.from({ length: length - first }, (_, place) => first + place);
}

function chartPanel(known, kpi, own) {
  const has = (column) => own[column] && shownPlaces(known).some((place) => own[column][place] != null);
  const lastYear = shownPlaces(known).some((place) => before(known, own, place) != null);
  const key = (kind, name) => element("span", {}, element("i", { class: kind }), say(known, name));
  const notes = notesOf(known);
  const all = known.periods[opened.grain].start.length;
  return element("section", { class: "panel" },
    element("div", { class: "bar" },
      element("p", { class: "legend" }, key("now", "legend_value"), key("open", "legend_open"),
        lastYear ? key("before", "legend_last_year") : null, has("target") ? key("target", "legend_target") : null),
      all > RECENT[opened.grain]
        ? element("button", { type: "button", onclick: () => { opened.whole = !opened.whole; redraw(known); } }, say(known, opened.whole ? "recent" : "whole_history"))
        : null),
    element("div", { class: "chart", role: "img", "aria-label": own.sentence[language()] }),
    notes.length
      ? element("ol", { class: "notes", "aria-label": say(known, "annotations") }, ...notes.map(([day, kind, text, , source]) =>
        element("li", {}, noteText(known, day, kind, text, source))))
      : null);
}

function noteText(known, day, kind, text, source) {
  const head = [dayText(day), kind === "definition" ? say(known, "cause_definition") : say(known, kind), source].filter(Boolean).join(", ");
  return text ? head + (language() === "fr" ? " : " : ": ") + text : head;
}

// What the chart's range holds of the KPI's own annotations and of everybody's.
function notesOf(known) {
  const places = shownPlaces(known), periods = known.periods[opened.grain];
  const first = periods.start[places[0]], last = periods.end[places.at(-1)];
  return known.annotations.filter(([day, , , kpi]) => day >= first && day <= last && (kpi == null || kpi === opened.id));
}

function before(known, own, place) {
  const other = known.periods[opened.grain].year_before[place];
  return other < 0 ? null : own.value[other];
}

function stateText(known, own, place) {
  const flags = own.flags[place];
  if (!(flags & CONNECTED)) return "–";
  const isOpen = !(flags & COMPLETE) && place === own.flags.length - 1;
  const said = [say(known, flags & COMPLETE ? "complete" : isOpen ? "open" : "incomplete")];
  if (flags & COMPLETE && flags & PROVISIONAL) said.push(say(known, "provisional"));
  if (own.missing[place] >= 0) said.push(say(known, "missing", { sources: known.texts[own.missing[place]] }));
  return said.join(", ");
}

function columnsOf(kpi, own) {
  return [["value", (place) => own.value[place], true], ...(own.target ? [["legend_target", (place) => own.target[place], true]] : []),
    ...(kpi.parts.length ? [[kpi.parts[0], (place) => own.numerator[place]], [kpi.parts[1], (place) => own.denominator[place]]] : [])];
}

function tablePanel(known, kpi, own) {
  const periods = known.periods[opened.grain];
  const newest = periods.start.map((_, place) => place).reverse();
  const heading = (name) => (known.words[language()][name] ?? name);
  const columns = columnsOf(kpi, own);
  const body = element("tbody", {}, ...newest.slice(0, opened.rows).map((place) => element("tr", { class: own.flags[place] & COMPLETE ? "" : "open", "data-period": iso(periods.start[place]) },
    element("th", { scope: "row" }, periodText(known, opened.grain, periods.start[place])),
    ...columns.map(([name, at, inUnit]) => element("td", { class: "number", "data-column": name }, inUnit ? written(known, at(place), kpi.unit) : part(at(place)))),
    element("td", { class: "number", "data-column": "last_year" }, written(known, before(known, own, place), kpi.unit)),
    element("td", {}, stateText(known, own, place)))));
  const table = element("table", { class: "figures" }, element("caption", { class: "quiet" }, `${kpi.label[language()]}, ${say(known, opened.grain)}`),
    element("thead", {}, element("tr", {}, element("th", { scope: "col" }, say(known, "period")),
      ...columns.map(([name]) => element("th", { scope: "col", class: "number" }, heading(name))),
      element("th", { scope: "col", class: "number" }, say(known, "last_year")), element("th", { scope: "col" }, say(known, "state")))), body);
  return element("section", { class: "panel" },
    element("div", { class: "bar" }, element("h3", {}, say(known, "table")),
      element("button", { type: "button", id: "csv", onclick: () => download(known, kpi, own) }, say(known, "csv"))),
    element("div", { class: "scroll long", tabindex: "0", role: "region", "aria-label": say(known, "table") }, table),
    newest.length > opened.rows
      ? element("p", {}, element("button", { type: "button", id: "all-rows", onclick: () => { opened.rows = Infinity; redraw(known); } }, say(known, "show_all", { count: newest.length })))
      : null);
}

function download(known, kpi, own) {
  const periods = known.periods[opened.grain], columns = columnsOf(kpi, own);
  const lines = [["kpi_id", "grain", "period_start", "period_end", ...columns.map(([name]) => (name === "legend_target" ? "target" : name)), "unit", "is_complete", "is_provisional"]];
  periods.start.forEach((start, place) => lines.push([opened.id, opened.grain, iso(start), iso(periods.end[place]),
    ...columns.map(([, at]) => at(place) ?? ""), kpi.unit, Boolean(own.flags[place] & COMPLETE), Boolean(own.flags[place] & PROVISIONAL)]));
  const link = element("a", { href: URL.createObjectURL(new Blob([lines.map((line) => line.join(",")).join("\n") + "\n"], { type: "text/csv" })), download: `${opened.id}_${opened.grain}.csv` });
  link.click();
}

function meaningPanel(known, kpi) {
  return panel(known, "definition",
    element("p", {}, kpi.definition[language()]),
    element("p", {}, `${say(known, "class")}${language() === "fr" ? " : " : ": "}${say(known, kpi.class)}.`),
    element("p", {}, kpi.parts.length ? say(known, "parts_of", { numerator: kpi.parts[0], denominator: kpi.parts[1] }) + "." : say(known, "no_parts")));
}

// Of the newest period: what feeds the KPI now, and what is said of it.
function sourcesPanel(known, kpi, own) {
  const caveats = own.caveats.at(-1), missing = own.missing.at(-1);
  return panel(known, "sources",
    element("p", {}, kpi.sources.length ? kpi.sources.join(", ") : say(known, "no_sources")),
    missing >= 0 ? element("p", {}, say(known, "missing", { sources: known.texts[missing] })) : null,
    caveats >= 0 ? element("ul", { class: "notes" }, ...known.texts[caveats].map((said) => element("li", {}, said[language()]))) : null);
}

function segmentsPanel(known, kpi) {
  const rows = kpi.segments.filter(([grain]) => grain === opened.grain);
  if (!rows.length) return null;
  const dimensions = [...new Set(rows.map(([, dimension]) => dimension))];
  return panel(known, "segments", element("div", { class: "halves" }, ...dimensions.map((dimension) => {
    const own = rows.filter((row) => row[1] === dimension), [, , , , start, count] = own[0];
    const title = say(known, "segments_of", { dimension: say(known, dimension), period: periodText(known, opened.grain, start) });
    return element("div", {}, element("div", { class: "scroll" }, element("table", { class: "figures" }, element("caption", { class: "quiet" }, title),
      element("thead", {}, element("tr", {}, element("th", { scope: "col" }, title), element("th", { scope: "col", class: "number" }, say(known, "value")))),
      element("tbody", {}, ...own.map(([, , segment, value]) => element("tr", {}, element("th", { scope: "row" }, segment === "unattributed" ? say(known, segment) : segment), element("td", { class: "number" }, written(known, value, kpi.unit))))))),
    count > own.length ? element("p", {}, say(known, "segments_capped", { shown: own.length, count })) : null);
  })));
}

function revisionsPanel(known, kpi) {
  if (!kpi.revisions.length) return panel(known, "revisions", element("p", {}, say(known, "no_revisions")));
  const cause = (said) => said.replace(/^definition/, say(known, "cause_definition")).replace(/^disconnected/, say(known, "cause_disconnected")).replace(/^time$/, say(known, "cause_time"));
  const count = kpi.revisions[0][7];
  return panel(known, "revisions",
    element("div", { class: "scroll long", tabindex: "0", role: "region", "aria-label": say(known, "revisions") }, element("table", { class: "figures" },
      element("thead", {}, element("tr", {}, ...["period", "before", "after", "revised_on", "cause"].map((name) => element("th", { scope: "col", class: ["before", "after"].includes(name) ? "number" : null }, say(known, name))))),
      element("tbody", {}, ...kpi.revisions.map(([grain, start, was, is, unit, changed, why]) => element("tr", {},
        element("th", { scope: "row" }, periodText(known, grain, start)), element("td", { class: "number" }, written(known, was, unit)),
        element("td", { class: "number" }, written(known, is, unit)), element("td", {}, dayText(Math.trunc(Date.parse(changed) / DAY))), element("td", {}, cause(why))))))),
    count > kpi.revisions.length ? element("p", {}, say(known, "revisions_capped", { shown: kpi.revisions.length, count })) : null);
}

function sqlPanel(known, kpi) {
  const columns = ["period_start", opened.id, ...kpi.parts, "is_complete"].join(", ");
  return panel(known, "sql", element("pre", { tabindex: "0" }, `select ${columns}\nfrom ${kpi.table}\nwhere grain = '${opened.grain}'\norder by period_start;`));
}

// ---- the chart

const FRENCH = {
  number: { decimal: ",", thousands: "\u202f", grouping: [3], currency: ["", "\u00a0€"], percent: "\u00a0%" },
  time: {
    dateTime: "%A %e %B %Y", date: "%d/%m/%Y", time: "%H:%M", periods: ["", ""],
    days: ["dimanche", "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi"], shortDays: ["dim.", "lun.", "mar.", "mer.", "jeu.", "ven.", "sam."],
    months: ["janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre"],
    shortMonths: ["janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."],
  },
};

async function drawChart(known, kpi) {
  await readCharts();
  const target = find(".chart");
  if (!target) return;
  const french = language() === "fr";
  const shown = await vegaEmbed(target, spec(known, kpi), {
    actions: false, renderer: "svg", tooltip: { theme: "custom" },
    ...(french ? { formatLocale: FRENCH.number, timeFormatLocale: FRENCH.time } : {}),
  });
  target.removeAttribute("title");
  opened.view?.finalize();
  opened.view = shown.view;
}

function spec(known, kpi) {
  const colour = (name) => getComputedStyle(root).getPropertyValue("--" + name).trim();
  const own = kpi.grains[opened.grain], periods = known.periods[opened.grain], places = shownPlaces(known);
  const at = (place) => iso(periods.start[place]);
  const points = places.map((place) => ({
    at: at(place), value: own.value[place], complete: Boolean(own.flags[place] & COMPLETE), provisional: Boolean(own.flags[place] & PROVISIONAL),
    whole: own.flags[place] & COMPLETE ? own.value[place] : null, before: before(known, own, place), target: own.target?.[place] ?? null,
    period: periodText(known, opened.grain, periods.start[place]), said: written(known, own.value[place], kpi.unit),
    said_before: written(known, before(known, own, place), kpi.unit), state: stateText(known, own, place),
  }));
  // An open or incomplete period hangs on the one before it by a dotted line.
  const hanging = points.flatMap((point, place) => (point.complete || point.value == null ? [] : [points[place - 1], point].filter((one) => one?.value != null).map((one) => ({ at: one.at, value: one.value, of: point.at }))));
  const few = points.length <= 60;
  const x = { field: "at", type: "temporal", scale: { type: "utc" }, axis: { title: null, grid: false, labelOverlap: true, tickCount: Math.min(points.length, 12) } };
  const y = (field) => ({ field, type: "quantitative", scale: { zero: kpi.unit !== "points" }, axis: { title: null, tickCount: 5, format: kpi.unit === "rate" ? ".0%" : "~s" } });
  const tooltip = [["period", "period"], ["said", "value"], ["said_before", "last_year"], ["state", "state"]].map(([field, title]) => ({ field, type: "nominal", title: say(known, title) }));
  const line = (field, mark) => ({ of: field, mark: { type: "line", invalid: "break-paths-filter-domains", ...mark }, encoding: { x, y: y(field) } });
  // A layer without a figure would have no extent.
  const layers = [
    { data: { values: notesOf(known).map(([day]) => ({ at: iso(day) })) }, mark: { type: "rule", stroke: colour("muted"), strokeDash: [2, 3] }, encoding: { x } },
    line("before", { stroke: colour("muted"), strokeWidth: 1.5, opacity: 0.7 }),
    line("target", { stroke: colour("target"), strokeDash: [6, 4], strokeWidth: 1.5 }),
    line("whole", { stroke: colour("accent"), strokeWidth: 2 }),
    { data: { values: hanging }, mark: { type: "line", stroke: colour("accent"), strokeDash: [2, 4], strokeWidth: 2 }, encoding: { x, y: y("value"), detail: { field: "of", type: "nominal" } } },
    { transform: [{ filter: few ? "isValid(datum.value)" : "isValid(datum.value) && !datum.complete" }],
      mark: { type: "point", filled: true, size: 46, opacity: 1, strokeWidth: 1.5, stroke: colour("accent") },
      encoding: { x, y: y("value"), fill: { condition: { test: "datum.complete && !datum.provisional", value: colour("accent") }, value: colour("surface") } } },
    { mark: { type: "rule", stroke: colour("muted") },
      params: [{ name: "near", select: { type: "point", on: "pointerover", nearest: true, clear: "pointerout", fields: ["at"] } }],
      encoding: { x, opacity: { condition: { param: "near", empty: false, value: 0.6 }, value: 0 }, tooltip } },
  ].filter(({ data, of }) => (data ? data.values.length : points.some((point) => of == null || point[of] != null))).map(({ of, ...layer }) => layer);
  return {
    width: "container", height: 280, background: null, autosize: { type: "fit", contains: "padding" },
    config: { font: getComputedStyle(document.body).fontFamily, view: { stroke: null }, axis: { labelColor: colour("muted"), gridColor: colour("line"), domainColor: colour("line"), tickColor: colour("line"), labelFontSize: 12 } },
    data: { values: points },
    layer: layers,
  };
}

function redraw(known) {
  const kpi = known.kpis[opened.id], rows = opened.rows, whole = opened.whole;
  find("#opened").replaceChildren(details(known, kpi));
  opened.rows = rows; opened.whole = whole;
  drawChart(known, kpi);
}

// ---- views, language, theme

function route(isFirst) {
  const [view, id, grain] = location.hash.replace(/^#/, "").split("/");
  const shown = find(`[data-view="${CSS.escape(view || "journey")}"]`) ? view || "journey" : "journey";
  for (const one of findAll(".view")) one.hidden = one.dataset.view !== shown;
  for (const link of findAll("[data-to]")) {
    if (link.dataset.to === shown) link.setAttribute("aria-current", "page"); else link.removeAttribute("aria-current");
  }
  const sameKpi = shown === "kpi" && id === opened.id && !isFirst;
  if (shown === "kpi") open(id, GRAINS.includes(grain) ? grain : "month");
  if (isFirst !== true && !sameKpi) { scrollTo(0, 0); (find(`[data-view="${shown}"] h2[tabindex]`) ?? find("#main")).focus(); }
}

function setLanguage(chosen) {
  root.lang = chosen;
  keep("language", chosen);
  if (!find('[data-view="kpi"]').hidden && opened.id) open(opened.id, opened.grain);
}

function setTheme(chosen) {
  root.dataset.theme = chosen;
  keep("theme", chosen);
  if (!find('[data-view="kpi"]').hidden && opened.id) readFacts().then(redraw);
}

find("#language").addEventListener("click", () => setLanguage(language() === "fr" ? "en" : "fr"));
find("#theme").addEventListener("click", () => {
  const isDark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  setTheme(isDark ? "light" : "dark");
});
// One reservation at a time is explained; Escape closes it.
document.addEventListener("click", (event) => { for (const mark of findAll(".mark[open]")) if (!mark.contains(event.target)) mark.open = false; });
document.addEventListener("keydown", (event) => { if (event.key === "Escape") for (const mark of findAll(".mark[open]")) { mark.open = false; find("summary", mark).focus(); } });
// Paper cannot be touched: everything is open on it.
addEventListener("beforeprint", () => { for (const one of findAll("details")) one.open = true; });
addEventListener("afterprint", () => { for (const one of findAll("details")) one.open = false; });
addEventListener("hashchange", () => route(false));
if (kept("language")) root.lang = kept("language");
if (kept("theme")) root.dataset.theme = kept("theme");
if (Date.now() - Date.parse(find(".as-of").dataset.refreshed) > STALE_AFTER) find(".stale").hidden = false;
route(true);
