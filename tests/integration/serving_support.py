"""For tests that end a service in one way or another: what the stand-in recorded, and clients that stream."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from running import FAKE_ENGINE, alive, environment
from tiny_model import write_tiny_model

MODEL = "acme/tiny"


def fake_environment(folder: Path, **more: str) -> dict[str, str]:
    """An environment whose cache holds a whole model and whose engine is the stand-in."""
    write_tiny_model(folder / "models" / MODEL)
    return environment(
        folder,
        AIM_MODEL_ID=MODEL,
        AIM_ACCELERATOR_TYPE="cpu",
        PYTHONPATH=str(FAKE_ENGINE),
        FAKE_ENGINE_RECORD=str(folder / "record.json"),
        **more,
    )


def record(env: dict[str, str]) -> dict[str, Any]:
    """What the stand-in wrote down, waited for."""
    path = Path(env["FAKE_ENGINE_RECORD"])
    assert within(20, lambda: path.exists() and path.stat().st_size > 0)
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def within(seconds: float, holds: Callable[[], object]) -> bool:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def gone(pids: list[int], seconds: float = 5) -> bool:
    return within(seconds, lambda: not any(map(alive, pids)))


def children(pid: int) -> list[int]:
    """The processes that `pid` started and that still run."""
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in found]


class Streams:
    """So many clients, each with a stream of so many tokens under way."""

    def __init__(self, port: int, clients: int, tokens: int) -> None:
        self._port, self._tokens = port, tokens
        self._texts = [""] * clients
        self._threads = [threading.Thread(target=self._read, args=(each,)) for each in range(clients)]
        for thread in self._threads:
            thread.start()
        assert within(20, lambda: all(self._texts)), "every stream has begun"

    def _read(self, number: int) -> None:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=60)
        try:
            body = json.dumps({"stream": True, "max_tokens": self._tokens})
            connection.request("POST", "/v1/chat/completions", body)
            answer = connection.getresponse()
            while line := answer.readline():
                self._texts[number] += line.decode()
        except (OSError, HTTPException):
            pass
        finally:
            connection.close()

    def texts(self) -> list[str]:
        """What each client got, once none gets any more."""
        for thread in self._threads:
            thread.join(60)
        return self._texts

    @property
    def whole(self) -> list[bool]:
        """Of each stream, whether every token and the end arrived."""
        expected = "".join(
            f'data: {{"choices": [{{"delta": {{"content": "{number} "}}}}]}}\n\n'
            for number in range(self._tokens)
        )
        return [text == f"{expected}data: [DONE]\n\n" for text in self.texts()]
