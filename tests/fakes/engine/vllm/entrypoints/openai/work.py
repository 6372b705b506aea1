"""How the stand-in's work goes: FAKE_ENGINE, or what is in the file FAKE_ENGINE_SWITCH by now, says it.

`stall` (3 run, tokens stand still, completions are not answered), `saturated` (500 wait, tokens move),
`frozen` (as `stall`, and the metrics do not know of any request), `stale` (the metrics are those of requests
that are long gone, completions are answered), `mute` (accepts connections and never answers), `flap` (every
second look at its health is bad), `blank` (keeps no statistics; `blank frozen` is both). Anything else has
nothing to do.
"""

from __future__ import annotations

import itertools
import os
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path

LOOKS = itertools.count()
STARTED = time.monotonic()
METRICS = """\
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{{engine="0",model_name="acme/tiny"}} {running:.1f}
vllm:num_requests_waiting{{engine="0",model_name="acme/tiny"}} {waiting:.1f}
vllm:kv_cache_usage_perc{{engine="0",model_name="acme/tiny"}} 0.5
vllm:prompt_tokens_total{{engine="0",model_name="acme/tiny"}} 100.0
vllm:generation_tokens_total{{engine="0",model_name="acme/tiny"}} {tokens:.1f}
vllm:cache_config_info{{block_size="16",engine="0",num_gpu_blocks="1000"}} 1.0
"""
QUEUES = {"stall": (3, 0), "saturated": (8, 500), "stale": (3, 7)}


def state() -> list[str]:
    switch = os.environ.get("FAKE_ENGINE_SWITCH")
    said = Path(switch).read_text() if switch else os.environ.get("FAKE_ENGINE", "")
    return said.split()


def metrics() -> str:
    now = state()
    if "blank" in now:
        return "# TYPE python_info gauge\npython_info 1.0\n"
    running, waiting = next((QUEUES[word] for word in now if word in QUEUES), (0, 0))
    tokens = 100 + (time.monotonic() - STARTED) * 1000 * ("saturated" in now)
    return METRICS.format(running=running, waiting=waiting, tokens=tokens)


def answered(request: BaseHTTPRequestHandler) -> bool:
    """Answer a request for what this is about; False where it is for something else."""
    while "mute" in state():
        time.sleep(0.05)
    if request.path == "/health" and "flap" in state() and next(LOOKS) % 2:
        request.send_error(503)
        return True
    if request.path != "/metrics":
        return False
    request.send_response(200)
    request.end_headers()
    request.wfile.write(metrics().encode())
    return True


def wait_for_the_engine() -> None:
    """Return when the engine would have done what it was asked for."""
    while not {"stall", "frozen", "mute"}.isdisjoint(state()):
        time.sleep(0.05)
