// Asks how the service is once a second and shows what it says.

import { showLoad } from "./charts.js";
import { showPhases } from "./phases.js";
import { showPlan } from "./plan.js";
import { showTry, startTry } from "./try.js";
import { byId, show, write } from "./words.js";

const EVERY_MS = 1000;
const PATIENCE_MS = 10000;
let answeredAt = new Date();
let ended = "";

async function look() {
  const wanted = byId("lines").open ? "?lines=200" : "";
  try {
    const response = await fetch(`status${wanted}`, { signal: AbortSignal.timeout(PATIENCE_MS) });
    if (!response.ok) throw new Error(`status ${response.status}`);
    shown(await response.json());
    answeredAt = new Date();
    show(byId("lost"), false);
  } catch {
    lost();
  }
  setTimeout(look, EVERY_MS);
}

function shown(status) {
  ended = ["draining", "stopped", "failed"].includes(status.phase) ? status.phase : "";
  showPhases(status);
  showPlan(status);
  showLoad(status);
  showTry(status);
  write(byId("version"), status.version);
  if (status.lines) showLines(status.lines);
}

function showLines(lines) {
  const box = byId("lines-text");
  const text = lines.join("\n") || "The engine has said nothing yet.";
  if (box.textContent === text) return;
  const follows = box.scrollHeight - box.scrollTop - box.clientHeight < 40;
  box.textContent = text;
  if (follows) box.scrollTop = box.scrollHeight;
}

function lost() {
  const pill = byId("pill");
  pill.dataset.state = "bad";
  write(pill, "no answer");
  byId("send").disabled = true;
  const last = ended ? ` It was ${ended} when it last did.` : "";
  const since = answeredAt.toLocaleTimeString();
  write(byId("lost"), `The service has not answered since ${since}.${last} It is asked again every second.`);
  show(byId("lost"), true);
}

startTry();
byId("lines").addEventListener("toggle", () => byId("lines").open && (byId("lines-text").scrollTop = 1e9));
look();
