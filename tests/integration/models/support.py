"""What the tests of the models room share: a hub that runs, and a fetch with a cache of its own."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from aim_runtime.models.cache import Cache
from aim_runtime.models.events import Event, Notice, Progress, Report
from aim_runtime.models.fetch import fetch
from aim_runtime.models.layouts import Layout
from aim_runtime.models.ref import ModelRef
from aim_runtime.models.watch import USUAL, Timing
from aim_runtime.obtain import in_layout


@dataclass(frozen=True)
class FakeHub:
    """A running tests/fakes/hub.py."""

    endpoint: str
    root: Path

    def requests(self) -> list[str]:
        with urllib.request.urlopen(f"{self.endpoint}/-/requests") as answer:
            seen: list[str] = json.load(answer)
        return seen


StartHub = Callable[..., FakeHub]


@dataclass
class Fetcher:
    """Calls the real fetch with a cache of its own, and keeps what it reported."""

    cache: Cache
    environment: Mapping[str, str]
    events: list[Event] = field(default_factory=list)
    timing: Timing = USUAL
    watch: Report = lambda _: None

    def report(self, event: Event) -> None:
        self.events.append(event)
        self.watch(event)

    def __call__(
        self,
        *sources: str,
        hub: str = "http://127.0.0.1:1",
        model_id: str | None = None,
        token_required: bool = False,
        token_present: bool = False,
        engine_python: Path | None = None,
        offline: bool = False,
        layout: Layout = Layout.FOLDER,
    ) -> Path:
        self.events.clear()
        refs = tuple(map(ModelRef.parse, sources))
        location = self.cache.locate(model_id or refs[0].model_id, refs, token_required=token_required)
        location = in_layout(location, self.cache, layout)
        return fetch(
            location,
            self.cache,
            hub_endpoint=hub,
            token_present=token_present,
            engine_python=engine_python,
            environment=self.environment,
            report=self.report,
            offline=offline,
            timing=self.timing,
            layout=layout,
        )

    @property
    def notices(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, Notice)]

    @property
    def progress(self) -> list[Progress]:
        return [event for event in self.events if isinstance(event, Progress)]
