// A box to try the model: one question, the answer as it is written, how long it took.

import { brief, byId, figure, make, show, write } from "./words.js";

let asking = null;
let possible = false;

export function showTry(status) {
  possible = status.ready;
  byId("send").disabled = !possible || asking !== null;
  write(byId("try-why-not"), possible ? "" : status.reason);
  const names = status.plan ? [status.plan.model_id, ...status.adapters] : [];
  const select = byId("adapter");
  if (names.join("\n") !== select.dataset.names) {
    select.dataset.names = names.join("\n");
    const chosen = select.value;
    select.replaceChildren(...names.map((name) => make("option", name)));
    if (names.includes(chosen)) select.value = chosen;
    show(byId("adapter-row"), names.length > 1);
  }
}

export function startTry() {
  byId("ask").addEventListener("submit", (event) => {
    event.preventDefault();
    if (possible && asking === null) ask();
  });
  byId("stop").addEventListener("click", () => asking?.abort());
  byId("question").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) byId("ask").requestSubmit();
    if (event.key === "Escape") asking?.abort();
  });
}

async function ask() {
  asking = new AbortController();
  const asked = { began: performance.now(), first: 0, last: 0, parts: 0, tokens: null, end: "" };
  working(true);
  try {
    const response = await fetch("try", {
      method: "POST",
      headers: { "Content-Type": "application/json", ...key() },
      body: JSON.stringify(question()),
      signal: asking.signal,
    });
    if (!response.ok) await refused(response);
    else await read(response, asked);
    if (response.ok) write(byId("answer-state"), told(asked, asked.end === "length" ? "cut at the limit" : "complete"));
  } catch (error) {
    if (error.name === "AbortError") write(byId("answer-state"), told(asked, "stopped"));
    else wrong(error instanceof TypeError ? "the answer broke off" : error.message);
  } finally {
    asking = null;
    working(false);
  }
}

function question() {
  return {
    model: byId("adapter").value,
    messages: [{ role: "user", content: byId("question").value }],
    max_tokens: Number(byId("limit").value),
    stream: true,
    stream_options: { include_usage: true },
  };
}

function key() {
  const value = byId("key").value.trim();
  return value ? { Authorization: `Bearer ${value}` } : {};
}

function working(on) {
  const hadFocus = document.activeElement === byId(on ? "send" : "stop");
  show(byId("stop"), on);
  byId("send").disabled = on || !possible;
  // A button that goes away takes the keyboard's place with it.
  if (hadFocus) byId(on ? "stop" : "send").focus();
  byId("answer").setAttribute("aria-busy", String(on));
  if (!on) return;
  write(byId("said"), "");
  write(byId("thought"), "");
  show(byId("answer"), false);
  show(byId("answer-wrong"), false);
  write(byId("answer-state"), "waiting for the first token");
}

async function read(response, asked) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    const lines = (rest + (value ?? "")).split(/\r?\n/);
    rest = lines.pop();
    for (const line of lines) if (line.startsWith("data:")) take(line.slice(5).trim(), asked);
    if (done) return;
  }
}

function take(data, asked) {
  if (data === "[DONE]") return;
  const part = JSON.parse(data);
  if (part.error) throw new Error(part.error.message ?? String(part.error));
  if (part.usage) asked.tokens = part.usage.completion_tokens;
  const choice = part.choices?.[0];
  if (!choice) return;
  asked.end = choice.finish_reason ?? asked.end;
  const thought = choice.delta?.reasoning_content ?? choice.delta?.reasoning ?? "";
  const said = choice.delta?.content ?? "";
  if (!thought && !said) return;
  asked.last = performance.now();
  asked.first ||= asked.last;
  asked.parts += 1;
  if (asked.parts === 1) {
    show(byId("answer"), true);
    write(byId("answer-state"), "answering");
  }
  append(byId("thought"), thought);
  append(byId("said"), said);
}

function append(element, text) {
  if (!text) return;
  const box = byId("answer");
  const follows = box.scrollHeight - box.scrollTop - box.clientHeight < 40;
  element.append(text);
  if (follows) box.scrollTop = box.scrollHeight;
}

function told(asked, end) {
  const tokens = asked.tokens ?? asked.parts;
  const parts = [end, `${tokens} token${tokens === 1 ? "" : "s"}`];
  if (asked.first) parts.push(`first after ${brief((asked.first - asked.began) / 1000)}`);
  const wrote = (asked.last - asked.first) / 1000;
  if (tokens > 1 && wrote > 0) parts.push(`${figure((tokens - 1) / wrote)} tokens/s`);
  return parts.join(" · ");
}

async function refused(response) {
  const text = await response.text();
  let message = text;
  try {
    const { error, message: other, detail } = JSON.parse(text);
    message = error?.message ?? other ?? detail ?? error ?? text;
  } catch {
    // no JSON: then it is what it is
  }
  if (response.status === 401) {
    show(byId("key-row"), true);
    byId("key").focus();
    message = byId("key").value ? "This API key is not the right one." : "This service asks for an API key.";
  }
  wrong(typeof message === "string" ? message : JSON.stringify(message));
}

function wrong(message) {
  write(byId("answer-state"), "");
  write(byId("answer-wrong"), message || "the answer broke off");
  show(byId("answer-wrong"), true);
}
