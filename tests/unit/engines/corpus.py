"""The corpus of an engine's last words: failures/*.log, each with what is to be made of it in its head.

# recorded: the engine that said it, and what was done to it       (or `# reported: ` and an address)
# code: engine.port_taken
# exit: 1                    the exit code, negative for a signal, None where it was never ready
# given: PROFILE max-model-len 4096        an argument of the launch and its layer, any number of them
# ending: {"oom_kills": 1}   what else is known of the end
# says: a part of the message, any number of them
# hint: a part of the hint
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aim_runtime.engines.failure import Ending
from aim_runtime.engines.launch import Argument, Launch, Layer
from aim_runtime.engines.output_line import OutputLine
from aim_runtime.engines.vllm import Vllm

FOLDER = Path(__file__).with_name("failures")
_COMPILED = Path("/workspace/cache/.engine/vllm")


@dataclass(frozen=True)
class Entry:
    """One failure: the head's values by their names, and the lines below it."""

    name: str
    head: dict[str, list[str]]
    lines: tuple[OutputLine, ...]

    @property
    def code(self) -> str:
        return self.head["code"][0]

    @property
    def exit(self) -> int | None:
        said = self.head["exit"][0]
        return None if said == "None" else int(said)

    @property
    def launch(self) -> Launch:
        arguments = []
        for given in self.head.get("given", []):
            layer, key, value = given.split(" ", 2)
            arguments.append(Argument(key, json.loads(value), Layer[layer]))
        return launch(*arguments)

    @property
    def ending(self) -> Ending:
        known: dict[str, Any] = json.loads(self.head.get("ending", ["{}"])[0])
        return Ending(**known)


def launch(*arguments: Argument) -> Launch:
    """A launch with these arguments, at the usual port."""
    return Launch(("vllm", "serve"), (), arguments, "/health", 8000, compiled=_COMPILED)


def read(path: Path) -> Entry:
    head: dict[str, list[str]] = {}
    text, _, log = path.read_text(encoding="utf-8").partition("\n\n")
    for line in text.splitlines():
        name, _, value = line.removeprefix("# ").partition(": ")
        head.setdefault(name, []).append(value)
    return Entry(path.stem, head, output(log))


def output(log: str) -> tuple[OutputLine, ...]:
    return tuple(map(Vllm().line, log.splitlines()))


ENTRIES = tuple(map(read, sorted(FOLDER.glob("*.log"))))
