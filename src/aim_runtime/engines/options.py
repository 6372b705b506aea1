"""The options of one version of an engine, as its own parser lists them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aim_runtime.errors import did_you_mean


@dataclass(frozen=True)
class Options:
    """Which arguments an engine version takes.

    `table` maps a dashed long name to its `kind` (value, flag, boolean, list, json) and choices.
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
        for key, value in arguments.items():
            if self.kind(key) is None:
                yield f"vLLM {self.version} has no option {key}{did_you_mean(key, self.table)}"
                continue
            choices = [] if "." in key else [str(choice) for choice in self._option(key).get("choices", ())]
            for each in value if isinstance(value, list) else [value]:
                if choices and each is not None and str(each) not in choices:
                    yield f"{key}: {each!r} is not one of {', '.join(choices)}"
        yield from self._parsers(arguments)

    def _parsers(self, arguments: Mapping[str, Any]) -> Iterator[str]:
        if arguments.get("enable-auto-tool-choice", False) is not False and not arguments.get(
            "tool-call-parser"
        ):
            yield "enable-auto-tool-choice needs a tool-call-parser"
        for key, known in (
            ("tool-call-parser", self.tool_parsers),
            ("reasoning-parser", self.reasoning_parsers),
        ):
            name = arguments.get(key)
            if name and name not in known:
                yield f"vLLM {self.version} has no {key} {name}{did_you_mean(str(name), known)}"


def canonical(key: str) -> str:
    """Dashes and underscores are one spelling; what follows a dot belongs to the value's own names."""
    head, dot, tail = key.lstrip("-").partition(".")
    return head.replace("_", "-") + dot + tail
