"""Several machines, as vLLM has them: the leader is ready when all others have joined; they answer nobody.

They meet at --master-addr and --master-port, where the leader listens. What a follower prints is what vLLM
0.32 prints; with FAKE_ENGINE=silent it prints little, as with VLLM_LOGGING_LEVEL=WARNING.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
import time

SAID = (
    "INFO 11-25 12:00:00 [serve.py:225] Launching vLLM (v0.32.0) headless multiproc executor, with head node "
    "address {at} for torch.distributed process group.",
    "(Worker pid=7) INFO 11-25 12:00:01 [parallel_state.py:2350] rank {rank} in world size {count} is "
    "assigned as DP rank 0, PP rank {rank}, PCP rank 0, TP rank 0, ETP rank 0, EP rank N/A, EPLB rank N/A",
    "(Worker pid=7) INFO 11-25 12:00:02 [gpu_worker.py:759] Available KV cache memory: 1.0 GiB",
)
_joined: list[socket.socket] = []


def _given(name: str, usual: str = "") -> str:
    return sys.argv[sys.argv.index(name) + 1] if name in sys.argv else usual


COUNT, RANK = int(_given("--nnodes", "1")), _given("--node-rank", "0")
MASTER, PORT = _given("--master-addr"), int(_given("--master-port", "0"))


def complete() -> bool:
    """Whether all machines are there."""
    return len(_joined) >= COUNT - 1


def lead() -> None:
    """Listen for the others."""
    if COUNT > 1:
        threading.Thread(target=_accept, args=(socket.create_server((MASTER, PORT)),), daemon=True).start()


def _accept(listening: socket.socket) -> None:
    while True:
        connection, _ = listening.accept()
        # What only looks whether somebody listens says nothing.
        if connection.recv(6) == b"joined":
            _joined.append(connection)


def join() -> None:
    """Join the leader, then work for it until this process is ended."""
    print(SAID[0].format(at=f"{MASTER}:{PORT}"), flush=True)
    while True:
        try:
            connection = socket.create_connection((MASTER, PORT), 1)
            break
        except OSError:
            time.sleep(0.05)
    connection.sendall(b"joined")
    if os.environ.get("FAKE_ENGINE") != "silent":
        for line in SAID[1:]:
            print(line.format(rank=RANK, count=COUNT), flush=True)
    while True:
        time.sleep(600)
