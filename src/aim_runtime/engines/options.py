"""The options of one version of an engine, as its own parser lists them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from aim_runtime.engines.vllm_rules import NEEDS_A_VALUE, against_value, outside, together
from aim_runtime.errors import did_you_mean


class Against(StrEnum):
    """What an objection is about: an option that is not there, its value, or options together."""

    OPTION = "option"
    VALUE = "value"
    TOGETHER = "together"


@dataclass(frozen=True)
class Objection:
    """Why an engine would refuse the argument `key`."""

    key: str
    against: Against
    text: str


@dataclass(frozen=True)
class Options:
    """Which arguments an engine version takes.

    `table` maps a dashed long name to its `kind` (value, flag, boolean, list, json), its choices and,
    where it takes numbers, their `type` (int, float, size, length).
    """

    version: str
    table: Mapping[str, Mapping[str, Any]]
    tool_parsers: tuple[str, ...]
    reasoning_parsers: tuple[str, ...]
    env_vars: frozenset[str]

    @classmethod
    def load(cls, path: Path) -> Options:
        """Read a file that `scripts/generate_vllm_args.py` wrote."""
        data = json.loads(path.read_text(encoding="utf-8"))
        table = dict(data["options"])
        for name, option in data["options"].items():
            for alias in option.get("aliases", ()):
                table.setdefault(canonical(alias), {**option, "name": name})
        return cls(
            data["version"],
            table,
            tuple(data["tool_parsers"]),
            tuple(data["reasoning_parsers"]),
            frozenset(data["env_vars"]),
        )

    def kind(self, key: str) -> str | None:
        """The kind of an option, None when the engine has no such option."""
        option = self._option(key)
        return str(option["kind"]) if option else None

    def repeats(self, key: str) -> bool:
        """Whether several values are given as `--key a --key b`, not as `--key a b`."""
        return bool(self._option(key).get("repeat", False))

    def _option(self, key: str) -> Mapping[str, Any]:
        """The option that `key` or, of `option.part`, its head names; empty when there is none."""
        return self.table.get(key.partition(".")[0], {})

    def normal(self, key: str, value: Any) -> tuple[str, Any]:
        """Return the one spelling of an argument: dashes, full name, `no-x` as `x: false`."""
        key = canonical(key)
        positive = key.removeprefix("no-")
        if key != positive and key not in self.table and self.kind(positive) == "boolean":
            return positive, value is False
        head, dot, tail = key.partition(".")
        return str(self._option(key).get("name", head)) + dot + tail, value

    def problems(self, arguments: Mapping[str, Any]) -> Iterator[str]:
        """Yield why this engine would refuse the arguments (already in their normal spelling)."""
        for objection in self.objections(arguments):
            yield objection.text

    def objections(self, arguments: Mapping[str, Any]) -> Iterator[Objection]:
        """The same, each with the argument it is about."""
        for key, value in arguments.items():
            option = self._option(key)
            if not option:
                text = f"vLLM {self.version} has no option {key}{did_you_mean(key, self.table)}"
                yield Objection(key, Against.OPTION, text)
            elif "." not in key:
                refused = against_value(value, option)
                if refused:
                    joint = " " if refused == NEEDS_A_VALUE else ": "
                    yield Objection(key, Against.VALUE, f"{key}{joint}{refused}")
            elif value is None:
                yield Objection(key, Against.VALUE, f"{key} {NEEDS_A_VALUE}")
        yield from unlisted_objections(arguments)
        yield from self._parsers(arguments)

    def _parsers(self, arguments: Mapping[str, Any]) -> Iterator[Objection]:
        for key, known in (
            ("tool-call-parser", self.tool_parsers),
            ("reasoning-parser", self.reasoning_parsers),
        ):
            name = arguments.get(key)
            if name and name is not True and name not in known:
                text = f"vLLM {self.version} has no {key} {name}{did_you_mean(str(name), known)}"
                yield Objection(key, Against.VALUE, text)


def unlisted_objections(arguments: Mapping[str, Any]) -> Iterator[Objection]:
    """Yield what every version refuses that is known, also one whose options are not on file."""
    for key, text in outside(arguments):
        yield Objection(key, Against.VALUE, text)
    for key, text in together(arguments):
        yield Objection(key, Against.TOGETHER, text)


def canonical(key: str) -> str:
    """Dashes and underscores are one spelling; what follows a dot belongs to the value's own names."""
    head, dot, tail = key.lstrip("-").partition(".")
    return head.replace("_", "-") + dot + tail
