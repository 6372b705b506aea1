"""What two records differ in, group by group, and which of it keeps one from being the other's repetition."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from msgspec import to_builtins

from aim_runtime.hardware.visibility import VARIABLES as VISIBILITY
from aim_runtime.record.values import Record


@dataclass(frozen=True)
class Fact:
    """A value, and who gave it; empty where nobody in particular did."""

    value: Any
    source: str = ""

    def __str__(self) -> str:
        value = self.value
        shown = (value or "unset") if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        return f"{shown} ({self.source})" if self.source else shown


@dataclass(frozen=True)
class Difference:
    """One thing that two records say otherwise; None where one does not have it."""

    group: str
    name: str
    a: Fact | None
    b: Fact | None

    def __str__(self) -> str:
        return f"{self.name}: {self.a or '-'} → {self.b or '-'}"


_Facts = Mapping[str, Fact]


def _settings(record: Record) -> _Facts:
    found = {name: Fact(each.value, each.source) for name, each in record.settings.items()}
    found |= {name: Fact(value, "environment") for name, value in record.inherited.items()}
    return found | {"--": Fact(" ".join(record.given))}


def _profile(record: Record) -> _Facts:
    profile = record.profile
    plain = {name: Fact(getattr(profile, name)) for name in ("id", "origin", "path", "sha256", "why")}
    content = {name: value for name, value in to_builtins(profile.content).items() if name != "evidence"}
    return plain | {name: Fact(value) for name, value in _flat(content).items()}


def _arguments(record: Record) -> _Facts:
    return {each.key: Fact(each.value, each.source) for each in record.arguments}


def _variables(record: Record) -> _Facts:
    return {each.name: Fact(each.value, each.source) for each in record.variables}


def _engine(record: Record) -> _Facts:
    engine, versions = record.engine, record.versions
    found = {
        name: Fact(getattr(engine, name))
        for name in ("name", "version", "python", "loading", "numa_node", "compiled")
    }
    names = ("aim_runtime", "torch", "transformers")
    return (
        found
        | {name: Fact(getattr(versions, name)) for name in names}
        | {"version of python": Fact(versions.python)}
    )


def _weights(record: Record) -> _Facts:
    weights = record.weights
    found = {name: Fact(getattr(weights, name)) for name in ("model_id", "path", "source", "revision")}
    found["sources"] = Fact(", ".join(weights.sources))
    for name, file in weights.files.items():
        digest = f"sha256 {file.sha256}" if file.sha256 else "not hashed"
        found[name] = Fact(f"{file.size_bytes} bytes, {digest}")
    return found


def _hardware(record: Record) -> _Facts:
    hardware, versions = record.hardware, record.versions
    names = ("source", "gpus", "processor", "cores")
    found = {name: Fact(getattr(hardware, name)) for name in names}
    found["accelerators"] = Fact(accelerators(record))
    for number, device in enumerate(hardware.uses):
        found |= {
            f"accelerator {number}: {name}": Fact(value) for name, value in _flat(to_builtins(device)).items()
        }
    below = ("system", "kernel", "amdgpu", "rocm", "nvidia")
    return found | {name: Fact(getattr(versions, name)) for name in below}


def _timings(record: Record) -> _Facts:
    outcome = record.outcome
    found = {name: Fact(getattr(outcome, name)) for name in ("ready_after_s", "ended_after_s")}
    seconds: dict[str, float] = {}
    for stage in outcome.stages:
        seconds[stage.phase] = seconds.get(stage.phase, 0.0) + stage.seconds
    return found | {phase: Fact(round(value, 3)) for phase, value in seconds.items()}


def _outcome(record: Record) -> _Facts:
    outcome = record.outcome
    found = {name: Fact(getattr(outcome, name)) for name in ("code", "message")}
    found["state"] = Fact(str(outcome.state))
    for number, each in enumerate(outcome.attempts, 1):
        found[f"attempt {number}"] = Fact(f"{each.profile}: {each.code}: {each.message}; {each.next_step}")
    return found


GROUPS: Mapping[str, Callable[[Record], _Facts]] = {
    "settings": _settings,
    "profile": _profile,
    "arguments": _arguments,
    "variables": _variables,
    "engine": _engine,
    "weights": _weights,
    "hardware": _hardware,
    "timings": _timings,
    "outcome": _outcome,
}
# What only a run has: a plan that was not executed is not compared by it.
OF_A_RUN = ("timings", "outcome")


def differences(a: Record, b: Record, leave_out: tuple[str, ...] = ()) -> tuple[Difference, ...]:
    """Return what differs, in the order of the groups and of the names."""
    found = []
    for group, facts in GROUPS.items():
        if group in leave_out:
            continue
        ours, theirs = facts(a), facts(b)
        for name in sorted(ours.keys() | theirs.keys()):
            one, other = ours.get(name), theirs.get(name)
            if one != other:
                found.append(Difference(group, name, one, other))
    return tuple(found)


def against(recorded: Record, planned: Record) -> tuple[Difference, ...]:
    """Return the differences that keep a plan from being the repetition of a record.

    Who gave a value does not matter, nor where things are: port, folders, which of several like devices.
    """
    return tuple(each for each in differences(recorded, planned) if _matters(each, recorded, planned))


def _matters(each: Difference, recorded: Record, planned: Record) -> bool:
    before, now = (fact.value if fact else None for fact in (each.a, each.b))
    if each.group == "engine":
        return each.name in ("name", "version")
    if each.group == "hardware":
        return each.name == "accelerators"
    if each.group == "profile":
        return each.name.startswith(("engine_args", "env_vars", "metadata"))
    if each.group == "arguments":
        return each.name not in ("port", "model") and before != now
    if each.group == "variables":
        of_compiled = _below(before, recorded.engine.compiled) and _below(now, planned.engine.compiled)
        return each.name not in VISIBILITY and not of_compiled and before != now
    return False


def _below(value: Any, folder: str | None) -> bool:
    return folder is not None and isinstance(value, str) and PurePath(folder) in PurePath(value).parents


def accelerators(record: Record) -> str:
    """How many of which: `8 x MI300X`."""
    kinds = Counter(
        (device.model or device.name) + (f" {device.partition}" if device.partition else "")
        for device in record.hardware.uses
    )
    return ", ".join(f"{count} x {kind}" for kind, count in sorted(kinds.items())) or "none"


def _flat(value: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, each in value.items():
        if isinstance(each, dict):
            found |= _flat(each, f"{above}{key}.")
        else:
            found[f"{above}{key}"] = each
    return found
