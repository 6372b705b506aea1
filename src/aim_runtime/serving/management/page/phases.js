// Where the service is: the phases of its start with their times, how far the one under way is, what failed.

import { byId, bytes, make, seconds, show, write } from "./words.js";

const STARTUP = [
  "surveying", "downloading", "verifying", "starting the engine", "loading weights",
  "compiling", "capturing graphs", "warming", "ready",
];

export function showPhases(status) {
  showState(status);
  showTimeline(status);
  showProgress(status);
  showFailure(status.failure);
  showAttempts(status.attempts);
}

function stateOf(status) {
  if (status.phase === "failed" || !status.live) return "bad";
  if (status.ready) return "ready";
  return ["ready", "draining", "stopped"].includes(status.phase) ? "warn" : "busy";
}

function showState(status) {
  const pill = byId("pill");
  pill.dataset.state = stateOf(status);
  const words = status.phase === "ready" && !status.ready ? "not ready" : status.phase;
  write(pill, words);
  const since = status.stages.at(-1);
  write(byId("elapsed"), `for ${seconds(since.seconds)}`);
  // Why a start is not ready is in its phases.
  show(byId("reason"), Boolean(status.reason) && stateOf(status) !== "busy" && !status.failure);
  write(byId("reason"), status.reason ?? "");
  byId("reason").dataset.state = stateOf(status);
}

function showTimeline(status) {
  const spent = new Map();
  for (const { phase, seconds: time } of status.stages) spent.set(phase, (spent.get(phase) ?? 0) + time);
  const reached = Math.max(...status.stages.map(({ phase }) => STARTUP.indexOf(phase)));
  const failed = status.phase === "failed";
  const started = status.stages.some(({ phase }) => phase === "ready");
  const items = byId("phases");
  if (!items.children.length) items.replaceChildren(...STARTUP.map(step));
  STARTUP.forEach((phase, place) => {
    const item = items.children[place];
    let state = place > reached ? "next" : spent.has(phase) ? "done" : "skipped";
    if (phase === status.phase && phase !== "ready") state = "now";
    if (failed && place === reached) state = started ? "done" : "bad";
    item.dataset.state = state;
    if (state === "now") item.setAttribute("aria-current", "step");
    else item.removeAttribute("aria-current");
    const time = phase === "ready" ? "" : spent.has(phase) ? seconds(spent.get(phase)) : "";
    write(item.lastChild, state === "skipped" ? "not needed" : time);
  });
  let total = 0;
  for (const phase of STARTUP.slice(0, -1)) total += spent.get(phase) ?? 0;
  write(byId("start-time"), `${started ? "ready after" : failed ? "failed after" : "so far"} ${seconds(total)}`);
}

function step(phase) {
  const item = document.createElement("li");
  item.append(make("span", phase), make("span", "", "figures"));
  return item;
}

function showProgress(status) {
  const moving = status.transfer;
  const percent = status.percent;
  const under = STARTUP.slice(0, -1).includes(status.phase);
  show(byId("progress"), under);
  if (!under) return;
  const bar = byId("progress-bar");
  if (percent === null) {
    bar.removeAttribute("aria-valuenow");
    bar.firstChild.style.removeProperty("width");
  } else {
    bar.setAttribute("aria-valuenow", String(Math.floor(percent)));
    bar.firstChild.style.width = `${percent}%`;
  }
  const parts = [];
  if (moving) {
    const all = moving.total_bytes === null ? "" : ` of ${bytes(moving.total_bytes)}`;
    parts.push(`${bytes(moving.done_bytes)}${all}`);
    if (moving.bytes_per_s !== null) parts.push(`${bytes(Math.round(moving.bytes_per_s))}/s`);
    if (moving.eta_s) parts.push(`${seconds(moving.eta_s)} left`);
  }
  const what = moving?.what ?? status.phase;
  write(byId("progress-what"), percent === null ? what : `${what} ${Math.floor(percent)} %`);
  write(byId("progress-numbers"), parts.join(" · "));
}

function showFailure(failure) {
  show(byId("failure"), Boolean(failure));
  if (!failure) return;
  write(byId("failure-message"), failure.message);
  const hint = byId("failure-hint");
  if (hint.dataset.hint !== failure.hint) {
    hint.dataset.hint = failure.hint;
    hint.replaceChildren(...(failure.hint ? [make("b", "Fix: "), failure.hint] : []));
  }
  show(byId("failure-evidence"), Boolean(failure.evidence));
  write(byId("failure-evidence"), failure.evidence);
  write(byId("failure-code"), failure.code);
}

function showAttempts(all) {
  const attempts = all.filter(({ next_step }) => next_step !== "stop"); // that one is the failure itself
  show(byId("attempts"), attempts.length > 0);
  const list = byId("attempts-list");
  if (list.children.length === attempts.length) return;
  list.replaceChildren(
    ...attempts.map(({ profile, failure, next_step }) =>
      make("li", `${profile}: ${failure.message}; then ${next_step}`),
    ),
  );
}
