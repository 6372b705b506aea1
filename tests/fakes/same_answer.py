"""A server that gives everybody the same answer: a store, a hub or a site on a bad day.

    python tests/fakes/same_answer.py [--status 403] [--header 'Name: value']… [--body TEXT] [--hang]

prints its port as the first line. With --hang it accepts connections and never answers.
"""

from __future__ import annotations

import argparse
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        super().__init__(("127.0.0.1", 0), Handler)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def log_message(self, *_: object) -> None:
        """Be quiet: the first line on stdout is the port, and nothing follows."""

    def do_GET(self) -> None:
        options = self.server.options
        if options.hang:
            threading.Event().wait()
        self.send_response(options.status)
        for header in options.header:
            name, _, value = header.partition(":")
            self.send_header(name, value.strip().replace("PORT", str(self.server.server_port)))
        body = options.body.encode()
        if options.chunked:
            self.send_header("Transfer-Encoding", "chunked")
            body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
        else:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_PUT = do_POST = do_GET


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--status", type=int, default=200)
    parser.add_argument("--header", action="append", default=[], help="PORT in it is the server's own port")
    parser.add_argument("--body", default="")
    parser.add_argument("--chunked", action="store_true", help="do not say how long the body is")
    parser.add_argument("--hang", action="store_true", help="accept connections and never answer")
    server = Server(parser.parse_args())
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
