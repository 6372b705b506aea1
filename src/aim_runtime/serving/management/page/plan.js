// What is served and why.

import { byId, bytes, make, show, whole, write } from "./words.js";

let shown = "";

export function showPlan(status) {
  const { plan } = status;
  if (!plan) return;
  const state = JSON.stringify([plan, status.engine.kv_tokens, status.weights, status.adapters]);
  if (state === shown) return;
  shown = state;
  const { profile, engine, accelerators, memory } = plan;
  const name = plan.model_id.split("/").at(-1);
  write(byId("model"), plan.model_id);
  document.title = `${name} – AIM`;
  const cores = accelerators.cores ? `, ${accelerators.cores} cores` : "";
  const devices = `${accelerators.count} × ${accelerators.name}${cores}`;
  write(byId("engine"), `${engine.name} ${engine.version ?? ""} on ${devices}`);
  byId("why").replaceChildren(make("b", profile.id), `: ${plan.why}`);
  const facts = [
    ["Model", plan.model_id],
    ["Weights", `${plan.source}${weights(status.weights)}`],
    ["Licence", plan.license],
    ["Profile", `${profile.id} (${profile.precision}, ${profile.metric}, ${profile.type})`],
    ["Accelerators", `${devices} (${accelerators.source})`],
    ["Engine", `${engine.name} ${engine.version ?? "(version not known)"}`],
    ["Memory", plan.fit],
    ["KV cache, predicted and measured", cache(memory, status.engine.kv_tokens)],
    ["Adapters", status.adapters.join(", ")],
    ["OpenAI-compatible API", plan.url],
  ];
  byId("facts").replaceChildren(...facts.filter(([, value]) => value).map(fact));
  byId("warnings").replaceChildren(...plan.warnings.map((text) => make("li", text)));
  show(byId("warnings"), plan.warnings.length > 0);
  const told = plan.arguments.map((each) => [each.key, plain(each.value), each.from]);
  table("arguments", ["argument", "value", "from"], told);
  const set = plan.variables.map((each) => [each.name, each.value ?? "(taken away)", reason(each)]);
  table("variables", ["variable", "value", "from"], set);
  write(byId("command"), plan.command.join(" "));
  show(byId("plan"), true);
}

const plain = (value) => (typeof value === "string" ? value : JSON.stringify(value));
const reason = (each) => (each.reason ? `${each.from}: ${each.reason}` : each.from);

function weights({ cache_hit: hit, bytes_fetched: fetched }) {
  if (hit) return ", in the cache";
  return fetched ? `, ${bytes(fetched)} fetched` : "";
}

function cache(memory, measured) {
  const predicted = memory?.kv_cache_tokens ?? null;
  if (predicted === null && measured === null) return "";
  const tokens = (value) => (value === null ? "not known" : `${whole(value)} tokens`);
  return `${tokens(predicted)} / ${tokens(measured)}`;
}

function fact([name, value]) {
  const pair = document.createElement("div");
  pair.append(make("dt", name), make("dd", value));
  return pair;
}

function table(id, names, rows) {
  const head = document.createElement("thead");
  const row = document.createElement("tr");
  for (const name of names) {
    const cell = make("th", name);
    cell.scope = "col";
    row.append(cell);
  }
  head.append(row);
  const body = document.createElement("tbody");
  body.append(
    ...rows.map((values) => {
      const line = document.createElement("tr");
      line.append(...values.map((value) => make("td", value)));
      return line;
    }),
  );
  byId(id).replaceChildren(head, body);
}
