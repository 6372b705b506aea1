"""What a started engine does about LoRA adapters, whichever engine it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from aim_runtime.vocabulary import AdapterMode


@dataclass(frozen=True)
class Adapting:
    """The adapters of a launch: those that it starts with by name, and how it may be given others.

    `load_path` and `unload_path` are where the engine is asked to in dynamic mode; every `refresh_s` the
    folder is looked at. `max_rank` is the largest rank that it takes, `max_cpu_count` how many it holds.
    """

    source: Path
    mode: AdapterMode
    names: tuple[str, ...] = ()
    refresh_s: float = 30.0
    max_cpu_count: int = 16
    max_rank: int = 32
    load_path: str = ""
    unload_path: str = ""
