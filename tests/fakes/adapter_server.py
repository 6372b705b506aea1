"""An engine's adapter API over HTTP: keeps what was asked, and answers what it was told to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


@dataclass
class AdapterServer:
    """`loaded` maps a name to the path it was loaded from; `status` is what the next loads get, by name."""

    port: int
    key: str = ""
    loaded: dict[str, str] = field(default_factory=dict)
    status: dict[str, int] = field(default_factory=dict)
    unload_status: int = 0
    asked: list[tuple[str, str, bool | None]] = field(default_factory=list)

    def answer(self, path: str, body: dict[str, Any], authorization: str | None) -> tuple[int, str]:
        if self.key and authorization != f"Bearer {self.key}":
            return 401, json.dumps({"error": "Unauthorized"})
        name = body["lora_name"]
        self.asked.append((path.rpartition("/")[2].partition("_")[0], name, body.get("load_inplace")))
        if path == "/v1/unload_lora_adapter":
            return self._unload(name)
        if self.status.get(name, 200) != 200:
            return self.status[name], _error(f"no {name}", self.status[name])
        if name in self.loaded and not body["load_inplace"]:
            return 400, _error(f"{name} has already been loaded", 400)
        self.loaded[name] = body["lora_path"]
        return 200, "Success"

    def _unload(self, name: str) -> tuple[int, str]:
        if self.unload_status:
            return self.unload_status, _error("not now", self.unload_status)
        if self.loaded.pop(name, None) is None:
            return 404, _error(f"{name} cannot be found", 404)
        return 200, "Success"


def _error(message: str, code: int) -> str:
    return json.dumps({"error": {"message": message, "code": code}})


@contextmanager
def adapter_server(key: str = "") -> Iterator[AdapterServer]:
    """Serve until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, text = state.answer(self.path, body, self.headers["Authorization"])
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: Any) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        state = AdapterServer(server.server_address[1], key)
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield state
        finally:
            server.shutdown()
            thread.join()
