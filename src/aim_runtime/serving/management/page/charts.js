// What the engine does, drawn as it changes: rates are differences of its counters.

import { byId, figure, make, show, whole, write } from "./words.js";

const WINDOW_S = 120;
const WIDTH = 240;
const HEIGHT = 64;

// `read(now, before)` gives the values of one moment, null where there is none; `words` the large figure.
const CHARTS = [
  {
    title: "Throughput",
    unit: "tokens/s",
    read: (now, before) => [rate(now, before, "generated_tokens")],
    more: (now, before) => `reads ${figure(rate(now, before, "prompt_tokens"))} tokens/s`,
  },
  {
    title: "Requests",
    unit: "running",
    keys: ["running", "waiting"],
    read: (now) => [now.running, now.waiting],
  },
  {
    title: "KV cache",
    unit: "% in use",
    top: 100,
    read: (now) => [now.kv_usage === null ? null : now.kv_usage * 100],
    more: (now, _before, status) =>
      status.engine.kv_tokens === null ? "" : `of ${whole(status.engine.kv_tokens)} tokens`,
  },
  {
    title: "Time to first token",
    unit: "ms",
    holds: true,
    read: (now, before) => [average(now, before, "ttft")],
    more: () => "mean of the last seconds",
  },
  {
    title: "Time per output token",
    unit: "ms",
    holds: true,
    read: (now, before) => [average(now, before, "tpot")],
    more: () => "mean of the last seconds",
  },
];

const history = CHARTS.map(() => []);
let seen = null;

const rate = (now, before, name) => Math.max(0, now[name] - before[name]) / (now.at - before.at);

function average(now, before, name) {
  const count = now[`${name}_count`] - before[`${name}_count`];
  const sum = now[`${name}_sum_s`];
  return sum === null || count <= 0 ? null : (1000 * (sum - before[`${name}_sum_s`])) / count;
}

export function showLoad(status) {
  show(byId("live"), status.load !== null);
  if (status.load === null) {
    forget();
    return;
  }
  const now = { ...status.load, at: status.load_at_s };
  if (seen && now.generated_tokens < seen.generated_tokens) forget(); // another engine: it began anew
  if (seen && now.at > seen.at) {
    CHARTS.forEach((chart, place) => {
      history[place].push({ at: now.at, values: chart.read(now, seen) });
      while (history[place][0].at < now.at - WINDOW_S) history[place].shift();
      draw(chart, place, now, seen, status);
    });
  }
  if (!seen || now.at > seen.at) seen = now;
  if (!byId("charts").children.length) byId("charts").replaceChildren(...CHARTS.map(frame));
}

function forget() {
  seen = null;
  for (const each of history) each.length = 0;
}

function frame({ title, unit, keys }) {
  const figureElement = make("figure", "", "card chart");
  const value = make("p", "", "value figures");
  value.append(make("span", "–"), " ", make("small", unit));
  const plot = make("div", "", "plot");
  plot.innerHTML = `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img">
    <path class="grid" d="M0 ${HEIGHT}H${WIDTH}M0 0H${WIDTH}"/><path class="area"/>
    <path class="line second"/><path class="line"/></svg><span class="top figures" aria-hidden="true"></span>`;
  plot.firstChild.setAttribute("aria-label", title);
  const more = make("p", "", "more quiet figures");
  if (keys) more.append(...keys.map((name, place) => make("span", name, place ? "key second" : "key")));
  const head = make("figcaption", title);
  figureElement.append(head, value, more, plot);
  return figureElement;
}

function draw(chart, place, now, before, status) {
  const element = byId("charts").children[place];
  const points = history[place];
  const known = points.filter(({ values }) => values[0] !== null);
  const last = chart.holds ? known.at(-1)?.values[0] : points.at(-1).values[0];
  const most = Math.max(0, ...points.flatMap(({ values }) => values.map((value) => value ?? 0)));
  const top = chart.top ?? nice(most);
  const [value, more, plot] = [element.children[1], element.children[2], element.children[3]];
  write(value.firstChild, last === undefined || last === null ? "–" : figure(last));
  if (chart.more) write(more, chart.more(now, before, status));
  else write(more.lastChild, `${whole(now.waiting)} waiting`);
  write(plot.lastChild, figure(top));
  const [first, second] = [0, 1].map((series) => line(points, series, now.at, top, chart.holds));
  plot.querySelector(".line:not(.second)").setAttribute("d", first);
  plot.querySelector(".line.second").setAttribute("d", second);
  plot.querySelector(".area").setAttribute("d", chart.holds ? "" : area(points, now.at, top));
  const said = last === undefined || last === null ? "nothing yet" : `${figure(last)} ${chart.unit}`;
  plot.firstChild.setAttribute("aria-label", `${chart.title}: ${said}, at most ${figure(most)} in two minutes`);
}

const across = (at, now) => ((WINDOW_S - (now - at)) / WINDOW_S) * WIDTH;
const up = (value, top) => HEIGHT - (Math.min(value, top) / top) * HEIGHT;

function line(points, series, now, top, holds) {
  let path = "";
  let drawing = false;
  for (const { at, values } of points) {
    const value = values[series];
    if (value === undefined || value === null) {
      if (!holds) drawing = false;
      continue;
    }
    path += `${drawing ? "L" : "M"}${across(at, now).toFixed(1)} ${up(value, top).toFixed(1)}`;
    drawing = true;
  }
  return path;
}

function area(points, now, top) {
  const drawn = points.filter(({ values }) => values[0] !== null);
  if (drawn.length < 2) return "";
  const start = across(drawn[0].at, now).toFixed(1);
  const end = across(drawn.at(-1).at, now).toFixed(1);
  return `${line(drawn, 0, now, top, false)}L${end} ${HEIGHT}L${start} ${HEIGHT}Z`;
}

// The next of 1, 2, 5, 10, 20, …: the scale stands still while the line moves.
function nice(value) {
  if (value <= 1) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((each) => each * power).find((each) => each >= value);
}
