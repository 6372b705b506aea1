"""What the tests of registries share."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from aim_runtime.models.events import Event, Notice
from aim_runtime.models.ref import ModelRef
from aim_runtime.models.sources.oci import OciSource
from aim_runtime.models.sources.source import Fetched
from fakes.artifacts import Artifact, put


@dataclass(frozen=True)
class FakeRegistry:
    """A running tests/fakes/registry.py."""

    address: str
    root: Path

    def put(self, name: str, tag: str, artifact: Artifact) -> str:
        put(self.root, name, tag, artifact)
        return f"oci://{self.address}/{name}:{tag}"

    def requests(self) -> list[str]:
        with urllib.request.urlopen(f"http://{self.address}/-/requests") as answer:
            seen: list[str] = json.load(answer)
        return seen


StartRegistry = Callable[..., FakeRegistry]


@dataclass
class Fetch:
    """Fetches into a folder of its own, and keeps what was reported."""

    into: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    decide_within_s: float = 8.0
    events: list[Event] = field(default_factory=list)

    def __call__(self, ref: str) -> Fetched:
        self.into.mkdir(exist_ok=True)
        source = OciSource(self.environment, self.decide_within_s)
        return source.fetch(ModelRef.parse(ref), self.into, self.events.append)

    @property
    def notices(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, Notice)]


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }
