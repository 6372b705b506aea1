"""Rewrite a profile for another engine version and to today's spelling, and say why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aim_runtime.authoring.rewrite import CannotRewrite, append, put, put_before, remove, rename
from aim_runtime.engines.vllm_changes import Edit, apply, edits
from aim_runtime.errors import InvalidValue
from aim_runtime.profiles.document import parse
from aim_runtime.profiles.faults import Broken, whole_file
from aim_runtime.profiles.profile import ProfileFile, todays_spelling
from aim_runtime.profiles.read import read

_OLD = (("gpu", "accelerator_model"), ("gpu_count", "accelerator_count"))


@dataclass(frozen=True)
class Migration:
    """What a file has to become: its text before and after, and a reason for each change."""

    path: Path
    before: str
    after: str
    reasons: tuple[str, ...]


def migrate(path: Path, version: str) -> Migration | Broken:
    """Work out what `path` has to become for vLLM `version`; nothing is written.

    Broken: the file is no profile as it stands, or it is spelled so that only a person should change it.
    """
    content = read(path, ProfileFile, todays_spelling)
    if isinstance(content, Broken):
        return content
    text = path.read_bytes().decode("utf-8")
    data = _data(text)
    found = edits(data["engine_args"], data["env_vars"], version)
    try:
        spelled, reasons = _todays(text, data["metadata"])
        after = _edited(spelled, found)
        if found and isinstance(data.get("evidence"), dict):
            after = _recorded(after, data["evidence"], found)
        _check(data, found, after)
    except CannotRewrite as error:
        return whole_file(f"{error}: change it by hand: {'; '.join(edit.why for edit in found)}")
    return Migration(path, text, after, (*reasons, *dict.fromkeys(edit.why for edit in found)))


def write(migration: Migration) -> None:
    """Put the new text in the file's place, all of it or nothing; the file's mode and links stay.

    Raises InvalidValue when the folder or the file cannot be written.
    """
    target = migration.path.resolve()
    new = target.with_name(f".{target.name}.new")
    try:
        new.write_bytes(migration.after.encode("utf-8"))
        new.chmod(target.stat().st_mode)
        new.replace(target)
    except OSError as error:
        new.unlink(missing_ok=True)
        raise InvalidValue(
            f"{migration.path} cannot be written: {error.strerror}", hint="make it and its folder writable"
        ) from error


def _data(text: str) -> Any:
    document = parse(text)
    if isinstance(document, Broken):
        raise CannotRewrite("what came out is not YAML")
    return document.data


def _todays(text: str, metadata: dict[str, Any]) -> tuple[str, tuple[str, ...]]:
    """Write AIM 0.9's keys of the metadata as they are called today."""
    reasons = []
    for old, new in _OLD:
        if old not in metadata:
            continue
        if new in metadata:
            text = remove(text, ("metadata", old))
            reasons.append(f"metadata.{old} dropped: {new} is given")
            continue
        text = rename(text, ("metadata", old), new)
        reasons.append(f"metadata.{old} became {new}: the first is AIM 0.9's name")
    if reasons and "accelerator_type" not in metadata:
        text = put_before(text, ("metadata", "accelerator_model"), "accelerator_type", "gpu")
        reasons.append("metadata.accelerator_type: gpu added: AIM 0.9 had GPUs only")
    return text, tuple(reasons)


def _edited(text: str, found: tuple[Edit, ...]) -> str:
    for edit in found:
        section = _data(text)[edit.section]
        place = (edit.section, edit.key)
        if edit.new_key is None:
            text = remove(text, place)
            continue
        if edit.new_key != edit.key and edit.key in section and edit.new_key in section:
            text = remove(text, (edit.section, edit.new_key))
        if edit.key in section and section[edit.key] == edit.value:
            text = rename(text, place, edit.new_key)
        else:
            text = put(text, place, edit.new_key, edit.value)
    return text


def _recorded(text: str, evidence: dict[str, Any], found: tuple[Edit, ...]) -> str:
    known = evidence.get("changes") or []
    for why in dict.fromkeys(edit.why for edit in found):
        if why not in known:
            text = append(text, ("evidence", "changes"), why)
    return text


def _check(data: dict[str, Any], found: tuple[Edit, ...], after: str) -> None:
    """Read what came out: it must say what was meant, and nothing else may have changed."""
    arguments, variables = apply(found, data["engine_args"], data["env_vars"])
    meant = {**data, "engine_args": arguments, "env_vars": variables}
    if _comparable(meant) != _comparable(_data(after)):
        raise CannotRewrite("the file is spelled in an unusual way (anchors, merged keys)")


def _comparable(data: dict[str, Any]) -> dict[str, Any]:
    """The data without what a migration adds."""
    same = todays_spelling(data)
    same["metadata"] = {"accelerator_type": "gpu", **same["metadata"]}
    if isinstance(same.get("evidence"), dict):
        same["evidence"] = {key: value for key, value in same["evidence"].items() if key != "changes"}
    return dict(same)


def unchanged(migration: Migration) -> bool:
    """Whether the file is already as it has to be."""
    return migration.after == migration.before


def diff(migration: Migration) -> Iterator[str]:
    """The lines of a unified diff that `patch -p0` takes."""
    from difflib import unified_diff  # for a look at a change only

    name = str(migration.path)
    before, after = (text.splitlines(keepends=True) for text in (migration.before, migration.after))
    for line in unified_diff(before, after, name, name):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
