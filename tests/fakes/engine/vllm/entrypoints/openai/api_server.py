"""The stand-in's server: answers like vLLM's after a moment, and fails on demand.

FAKE_ENGINE says how: `crash` (exit 3 at the start), `die` (exit 4 when asked for a completion), `slow`
(ready after 3 s), `deaf` (ignores SIGTERM). FAKE_ENGINE_RECORD names a file for its argv, environment and
the process ids of itself and of its worker, which it leaves behind as a real engine's crash would; and for
what it found in VLLM_CACHE_ROOT before it wrote a file of its own there, as an engine that compiles does.
FAKE_ENGINE_LOG names a file of lines that it prints before it answers. More is in load.py, streams.py,
nodes.py, trouble.py, work.py and openai_api.py.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from . import load, nodes, openai_api, speed, streams, trouble, work
from .said import say
from .security import secured

HOW = os.environ.get("FAKE_ENGINE", "")
STARTED = time.monotonic()
READY_AFTER_S = {"slow": 3.0, "hang": 1e9}.get(HOW, 0.2)


def argument(name: str) -> list[str]:
    """The values of one argument."""
    rest = sys.argv[sys.argv.index(name) + 1 :]
    end = next((index for index, token in enumerate(rest) if token.startswith("--")), len(rest))
    return rest[:end]


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if openai_api.told(self, argument("--served-model-name")):
            return
        if streams.answered(self) or work.answered(self):
            return
        ready = time.monotonic() - STARTED > READY_AFTER_S and nodes.complete()
        root = sys.argv[sys.argv.index("--model") + 1] if "--model" in sys.argv else None
        names = argument("--served-model-name")
        models = [{"id": name, "object": "model", "root": root} for name in names]
        self.answer(200 if ready else 503, {"object": "list", "data": models})

    def do_POST(self) -> None:
        if HOW == "die":
            os._exit(4)
        if speed.answered(self) or load.answered(self) or streams.streamed(self):
            return
        if openai_api.answered(self, argument("--served-model-name")):
            return
        work.wait_for_the_engine()
        self.answer(200, {"choices": [{"message": {"role": "assistant", "content": "Paris."}}]})

    def answer(self, status: int, body: dict[str, Any]) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: Any) -> None:
        return


def compile_something() -> list[str]:
    """Leave a file in the cache, and return the names that were there before."""
    cache = Path(os.environ["VLLM_CACHE_ROOT"])
    cache.mkdir(parents=True, exist_ok=True)
    found = sorted(path.name for path in cache.iterdir())
    (cache / f"{len(found)}-{HOW or 'whole'}").write_text("compiled")
    return found


def main() -> None:
    print("fake engine: on stdout, which must not reach the runtime's stdout", flush=True)
    say(os.environ.get("FAKE_ENGINE_LOG"))
    found = compile_something() if "VLLM_CACHE_ROOT" in os.environ else []
    if HOW == "crash":
        print("fake engine: RuntimeError: no good", file=sys.stderr, flush=True)
        sys.exit(3)
    trouble.crash_once()
    speed.prepare()
    trouble.greedy()
    trouble.flood()
    streams.prepare()
    if HOW == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    worker = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    record = os.environ.get("FAKE_ENGINE_RECORD")
    if record:
        seen = {"argv": sys.argv[1:], "env": dict(os.environ), "pids": [os.getpid(), worker.pid]}
        seen["pids"] += trouble.strays()
        seen["found"] = found
        seen["cpus"] = sorted(os.sched_getaffinity(0))
        Path(record).write_text(json.dumps(seen))
    if "--headless" in sys.argv:
        nodes.join()
    nodes.lead()
    ThreadingHTTPServer.request_queue_size = 128  # many clients come at once
    secured(ThreadingHTTPServer(("127.0.0.1", int(argument("--port")[0])), Handler)).serve_forever()


if __name__ == "__main__":
    main()
