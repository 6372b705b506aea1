"""A bad line to a good server: passes bytes on, and spoils what comes back.

    python tests/fakes/relay.py TO_PORT [--drop-after BYTES] [--stall-after BYTES] [--times N]

prints its port as the first line. After so many bytes of answers a connection is cut, or brings nothing
any more; the first N connections are treated so (0: all of them), the others are good.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import socket
import threading


def pump(source: socket.socket, sink: socket.socket, good_bytes: int | None, drop: bool) -> None:
    passed = 0
    while data := source.recv(65536):
        if good_bytes is not None and passed + len(data) > good_bytes:
            sink.sendall(data[: good_bytes - passed])
            if not drop:
                threading.Event().wait()
            break
        sink.sendall(data)
        passed += len(data)
    for side in (source, sink):
        side.shutdown(socket.SHUT_RDWR)  # to close it would wait for the thread that reads from it


def quietly(source: socket.socket, sink: socket.socket, good_bytes: int | None, drop: bool) -> None:
    # One of the two may go at any time: that is what this program is for.
    with contextlib.suppress(OSError):
        pump(source, sink, good_bytes, drop)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("to", type=int)
    parser.add_argument("--drop-after", type=int)
    parser.add_argument("--stall-after", type=int)
    parser.add_argument("--times", type=int, default=0)
    options = parser.parse_args()
    drop = options.drop_after is not None
    good_bytes = options.drop_after if drop else options.stall_after
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    for number in itertools.count(1):
        client, _ = listener.accept()
        server = socket.create_connection(("127.0.0.1", options.to))
        spoiled = good_bytes if not options.times or number <= options.times else None
        for args in ((client, server, None, drop), (server, client, spoiled, drop)):
            threading.Thread(target=quietly, args=args, daemon=True).start()


if __name__ == "__main__":
    main()
