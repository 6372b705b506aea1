"""What must change in a profile for it to run on a vLLM version, and why that version lacks a key."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from aim_runtime.engines.options import canonical
from aim_runtime.engines.vllm_carry import as_mapping, carried
from aim_runtime.engines.vllm_history import ARGUMENTS, ENVIRONMENT, Change

__all__ = ["ARGUMENTS", "ENVIRONMENT", "Change", "Edit", "apply", "change_of", "edits"]

Section = Literal["engine_args", "env_vars"]

_TOOLS, _PARSER = "enable-auto-tool-choice", "tool-call-parser"


@dataclass(frozen=True)
class Edit:
    """One edit of a profile.

    `key` is spelled as the file spells it. `new_key` None drops it; another name renames it; a `key` that
    the section does not have is added. `value` is the value afterwards. `why` is a sentence for users.
    """

    section: Section
    key: str
    new_key: str | None
    value: Any
    why: str


def change_of(key: str, version: str) -> Change | None:
    """Return why vLLM `version` lacks this option or variable: what it removed before, or added after.

    None when nothing is known, also for a `version` that does not start with a number.
    """
    changes = ENVIRONMENT if key.isupper() else ARGUMENTS
    return _applying(changes, _named(changes, key), _numbers(version))


def edits(engine_args: Mapping[str, Any], env_vars: Mapping[str, str], version: str) -> tuple[Edit, ...]:
    """What must change for a profile with these sections to start on vLLM `version`, in order.

    Each edit counts on those before it: `apply` makes them. Where nothing is known of a version (it does
    not start with a number), nothing is changed.
    """
    profile: dict[Section, dict[str, Any]] = {"engine_args": dict(engine_args), "env_vars": dict(env_vars)}
    found: list[Edit] = []
    for edit in _all_edits(profile, _numbers(version)):
        _make(edit, profile[edit.section])
        found.append(edit)
    return tuple(found)


def apply(
    found: Iterable[Edit], engine_args: Mapping[str, Any], env_vars: Mapping[str, str]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the two sections with the edits made; the order of their keys is kept."""
    profile: dict[Section, dict[str, Any]] = {"engine_args": dict(engine_args), "env_vars": dict(env_vars)}
    for edit in found:
        _make(edit, profile[edit.section])
    return profile["engine_args"], profile["env_vars"]


def _make(edit: Edit, section: dict[str, Any]) -> None:
    items = [item for item in section.items() if item[0] == edit.key or item[0] != edit.new_key]
    here = next((place for place, (key, _) in enumerate(items) if key == edit.key), len(items))
    items[here : here + 1] = [] if edit.new_key is None else [(edit.new_key, edit.value)]
    section.clear()
    section.update(items)


def _all_edits(profile: dict[Section, dict[str, Any]], version: tuple[int, ...]) -> Iterator[Edit]:
    arguments, variables = profile["engine_args"], profile["env_vars"]
    for key, value in list(arguments.items()):
        if change := _applying(ARGUMENTS, _named(ARGUMENTS, key), version):
            yield from _of_argument(change, key, value, arguments)
    for key, value in list(variables.items()):
        if change := _applying(ENVIRONMENT, key, version):
            yield from _of_variable(change, key, value, profile)
    given = {canonical(key): key for key in arguments}
    if version and given.get(_TOOLS) and arguments[given[_TOOLS]] is not False and _PARSER not in given:
        why = f"{_TOOLS} dropped: vLLM refuses it without {_PARSER}"
        yield Edit("engine_args", given[_TOOLS], None, None, why)


def _of_argument(change: Change, key: str, value: Any, arguments: Mapping[str, Any]) -> Iterator[Edit]:
    """Rename the argument where its value can be carried over, else drop it."""
    dropped = Edit("engine_args", key, None, None, f"{change.key} dropped: {change.reason}")
    if change.to is None:
        yield dropped
        return
    meaning = False if canonical(key) == f"no-{change.key}" else True if value is None else value
    new = carried(change.key, change.to, meaning)
    put = {} if new is None else dict(_put(new, arguments))
    if not put:
        why = _unneeded(change, new, arguments)
        yield Edit("engine_args", key, None, None, f"{change.key} dropped: {why}")
    why = f"{change.key} became {' and '.join(put)}: {change.reason}"
    for place, (name, written) in enumerate(put.items()):
        yield Edit("engine_args", name if place else key, name, written, why)


def _unneeded(change: Change, new: Mapping[str, Any] | None, arguments: Mapping[str, Any]) -> str:
    if new is None:
        return f"{change.reason}; say the same with {change.to}"
    if change.to in [canonical(key) for key in arguments]:
        return f"{change.reason}; {change.to} is given"
    return f"{change.reason}; the default means the same"


def _of_variable(
    change: Change, key: str, value: str, profile: dict[Section, dict[str, Any]]
) -> Iterator[Edit]:
    to = change.to
    if to is None:
        yield Edit("env_vars", key, None, None, f"{key} dropped: {change.reason}")
        return
    is_argument = not to.isupper()
    section: Section = "engine_args" if is_argument else "env_vars"
    if to in [canonical(name) if is_argument else name for name in profile[section]]:
        yield Edit("env_vars", key, None, None, f"{key} dropped: {to} is given; {change.reason}")
        return
    why = f"{key} became {to}: {change.reason}"
    if is_argument:
        yield Edit("env_vars", key, None, None, why)
    yield Edit(section, to if is_argument else key, to, value, why)


def _put(new: Mapping[str, Any], arguments: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """What to write of the new arguments; what the profile says under the new name already stands."""
    spelled = {canonical(key): key for key in arguments}
    for name, value in new.items():
        if name not in spelled:
            yield name, value
        elif isinstance(value, Mapping):
            there = as_mapping(arguments[spelled[name]])
            if there is not None and not set(value) <= set(there):
                yield spelled[name], {**value, **there}


def _named(changes: Iterable[Change], key: str) -> str:
    """The name that the table may have for a key: dashed, without what follows a dot, without `no-`."""
    if key.isupper():
        return key
    name = canonical(key).partition(".")[0]
    positive = name.removeprefix("no-")
    return positive if any(change.key == positive for change in changes) else name


def _applying(changes: Iterable[Change], name: str, version: tuple[int, ...]) -> Change | None:
    """The change that makes `name` no use in `version`."""
    return next(
        (
            change
            for change in changes
            if version
            and change.key == name
            and (change.kind == "added") == (_numbers(change.version) > version)
        ),
        None,
    )


def _numbers(version: str) -> tuple[int, ...]:
    """The three numbers that order versions, whatever follows them; empty where there are none.

    A release candidate counts as its release: it has the release's options.
    """
    match = re.match(r"v?(\d+(?:\.\d+){0,2})", version)
    numbers = [int(part) for part in match[1].split(".")] if match else []
    return (*numbers, *[0] * (3 - len(numbers))) if numbers else ()
