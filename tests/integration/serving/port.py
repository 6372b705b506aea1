"""A management port that really listens, of a service whose life the test leads."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any

from aim_runtime.models.events import Notice
from aim_runtime.serving import management
from aim_runtime.serving.life import Life
from aim_runtime.settings import Serving
from aim_runtime.vocabulary import Phase
from running import free_port
from unit.serving.views import PLAN


@dataclass
class Port:
    """`said` is what it told."""

    number: int
    life: Life
    host: str = "127.0.0.1"
    url: str | None = None
    said: list[Notice] = field(default_factory=list)

    def ask(
        self,
        path: str,
        method: str = "GET",
        body: bytes | str | None = None,
        headers: dict[str, str] | None = None,
        timeout_s: float = 10,
    ) -> Reply:
        """One request by a client of its own."""
        with closing(http.client.HTTPConnection(self.host, self.number, timeout=timeout_s)) as client:
            client.request(method, path, body, headers or {})
            answer = client.getresponse()
            return Reply(answer.status, dict(answer.headers), answer.read().decode())

    def be_ready(self) -> None:
        """As a service is whose engine answers."""
        self.life.change(engine_pid=7, engine_alive=True, answers=True, plan=PLAN)
        self.life.enter(Phase.READY)


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


@contextmanager
def managed(
    host: str = "127.0.0.1",
    number: int | None = None,
    port: int = 1,
    lines: Sequence[str] = (),
    redact: Callable[[str], str] = str,
    stall_s: float = 60,
) -> Iterator[Port]:
    """One that lives until the block ends."""
    found = Port(free_port() if number is None else number, Life(), host)
    settings = Serving(management_port=found.number, management_host=host, stall_s=stall_s)
    found.life.last_lines = lambda: tuple(lines)
    with management.serve(
        found.life, settings, port=port, tell=found.said.append, redact=redact
    ) as found.url:
        yield found
