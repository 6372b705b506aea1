"""A service whose model knows the answers of the shipped task, but for some of them.

    python tests/fakes/model_that_errs.py QUESTIONS.jsonl [--wrong NUMBER]… [--model NAME] [--key KEY]
        [--broken]

prints its port as the first line. The questions with the numbers of --wrong are answered wrongly; --broken
refuses to answer any.
"""

from __future__ import annotations

import argparse
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Server(ThreadingHTTPServer):
    daemon_threads = True
    # As many as ask at once.
    request_queue_size = 128

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        lines = Path(options.questions).read_text().splitlines()
        self.questions = [json.loads(line) for line in lines]
        super().__init__(("127.0.0.1", 0), Handler)

    def says(self, asked: str) -> str:
        for number, each in enumerate(self.questions):
            if each["question"] in asked:
                return "elsewhere" if number in self.options.wrong else f"It is {each['answer']}"
        return "unknown"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def log_message(self, *_: object) -> None:
        """Be quiet: the first line on stdout is the port, and nothing follows."""

    def do_GET(self) -> None:
        self.answer(200, {"data": [{"id": self.server.options.model}]})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.server.options.broken:
            self.answer(500, {"error": "the model fell over"})
            return
        said = self.server.says(body["messages"][-1]["content"])
        message = {"role": "assistant", "content": said}
        self.answer(200, {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]})

    def answer(self, status: int, document: object) -> None:
        key = self.server.options.key
        if key and self.headers["Authorization"] != f"Bearer {key}":
            status, document = 401, {"error": "Unauthorized"}
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("questions")
    parser.add_argument("--wrong", type=int, action="append", default=[])
    parser.add_argument("--model", default="acme/knows")
    parser.add_argument("--key")
    parser.add_argument("--broken", action="store_true")
    server = Server(parser.parse_args())
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
