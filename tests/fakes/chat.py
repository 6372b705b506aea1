"""A stand-in for an engine's chat API: chat.py [--key KEY] [--pause SECONDS] [--break]. Prints its port.

Answers every question with the words of a sentence, streamed as an OpenAI-compatible server does, one
each `pause`; as many as `max_tokens` allows. GET /seen tells what was asked: the headers of every request,
how many words were sent, and whether the client stayed to the end. With `--break`, answers break off.
"""

from __future__ import annotations

import argparse
import json
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

WORDS = ["The", "capital", "of", "Japan", "is", "Tokyo", ",", "a", "city", "of", "many", "millions", "."]
SEEN: list[dict[str, Any]] = []


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.answer(200, SEEN if self.path == "/seen" else {"path": self.path})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        seen = {"path": self.path, "headers": dict(self.headers), "body": body, "words": 0, "whole": False}
        SEEN.append(seen)
        if ASKED.key and self.headers.get("Authorization") != f"Bearer {ASKED.key}":
            self.answer(401, {"error": "Unauthorized"})
        elif body.get("model") == "nobody/knows":
            self.answer(404, {"error": {"message": "The model `nobody/knows` does not exist.", "code": 404}})
        else:
            self.stream(body, seen)

    def stream(self, body: dict[str, Any], seen: dict[str, Any]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        count = int(body.get("max_tokens", len(WORDS)))
        words = (WORDS * (count // len(WORDS) + 1))[:count]
        for word in words:
            time.sleep(ASKED.pause)
            self.event({"choices": [{"delta": {"content": f"{word} "}}]})
            seen["words"] += 1
            if ASKED.breaks:
                time.sleep(ASKED.pause)
                self.close_connection = True
                return
        self.event({"choices": [{"delta": {}, "finish_reason": "length"}]})
        self.event({"choices": [], "usage": {"completion_tokens": len(words)}})
        self.chunk("data: [DONE]\n\n")
        self.chunk("")
        seen["whole"] = True

    def event(self, data: dict[str, Any]) -> None:
        self.chunk(f"data: {json.dumps(data)}\n\n")

    def chunk(self, text: str) -> None:
        body = text.encode()
        self.wfile.write(b"%x\r\n%b\r\n" % (len(body), body))

    def answer(self, status: int, data: Any) -> None:
        text = json.dumps(data).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: Any) -> None:
        return


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is a part of the tests."""


if __name__ == "__main__":
    reader = argparse.ArgumentParser()
    reader.add_argument("--key")
    reader.add_argument("--pause", type=float, default=0.0)
    reader.add_argument("--break", dest="breaks", action="store_true")
    ASKED = reader.parse_args()
    server = Server(("127.0.0.1", 0), Handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()
