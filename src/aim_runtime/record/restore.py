"""From a record back to what was asked for: the environment, the arguments after `--`, the profile."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from aim_runtime.errors import InvalidProfile, InvalidValue
from aim_runtime.profiles.catalog import Catalog
from aim_runtime.profiles.profile import Profile
from aim_runtime.record.describe import shown
from aim_runtime.record.hide import Hider, hides
from aim_runtime.record.said import DEFAULT, ENVIRONMENT, PLACES, said
from aim_runtime.record.values import Record, Setting
from aim_runtime.settings import ENGINE_PREFIXES, SECRET_SUFFIXES
from aim_runtime.variables import SECRETS, VARIABLES
from aim_runtime.vocabulary import LoadStrategy, Origin, place

# Where a secret lies is the environment's, as the secret is.
_NOT_RESTORED = PLACES | {f"{name}_FILE" for name in SECRETS}


def environment(record: Record, around: Mapping[str, str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the environment of the recorded run, made of the one `around`, and what to say of it.

    The record wins, but for what only says where things are: there the environment does. A secret, which
    the record does not have, is the environment's. Raises InvalidValue where one is missing.
    """
    found, notes = dict(around), []
    now = said(around, Hider.of(around))
    settings = {**record.settings, **_pinned(record)}
    for variable in VARIABLES:
        name = variable.name
        before, here = settings.get(name), now[name]
        if before is None or before.value == here.value:
            continue  # the same, also where it is hidden: then it is the environment's own
        given = here.source != DEFAULT
        if name in PLACES:
            if given and name not in SECRETS:
                notes.append(
                    f"{name}={here.value} of the environment is used; the record has {_word(before.value)}"
                )
            elif not given and before.source != DEFAULT and not hides(before.value):
                found[name] = before.value
            continue
        if hides(before.value):
            raise InvalidValue(
                f"the record hides a secret in {name}={before.value}",
                hint=f"set {name} to what it was, with the secret",
            )
        if given:
            notes.append(
                f"{name}={here.value} of the environment is left out; the record has {_word(before.value)}"
            )
        for spelling in (name, *variable.aliases):
            found.pop(spelling, None)
        if before.source != DEFAULT:
            found[name] = before.value
    return found, (*notes, *_inherited(record, around, found))


def _pinned(record: Record) -> dict[str, Setting]:
    """What was chosen for the run, and is not to be chosen again."""
    pinned = {"AIM_PROFILE_ID": record.profile.id}
    if record.engine.loading in list(LoadStrategy):  # it hangs on what is in memory at the moment
        pinned["AIM_LOAD_STRATEGY"] = str(record.engine.loading)
    return {name: Setting(value=value, source=ENVIRONMENT) for name, value in pinned.items()}


def _word(value: str) -> str:
    return value or "none"


def _inherited(record: Record, around: Mapping[str, str], found: dict[str, str]) -> Iterable[str]:
    """Set the engine's own variables as they were; a device that was given to this process stays its own."""
    for name in sorted({*record.inherited, *around}):
        if not name.startswith(ENGINE_PREFIXES) or name.endswith(SECRET_SUFFIXES) or name in _NOT_RESTORED:
            continue
        before, here = record.inherited.get(name), around.get(name)
        if before == here or (before is not None and hides(before)):
            continue
        if here is not None:
            yield f"{name}={here} of the environment is left out; the record has {_word(before or '')}"
            del found[name]
        if before is not None:
            found[name] = before


def arguments(record: Record, given: tuple[str, ...], hide: Hider) -> tuple[str, ...]:
    """Return the arguments after `--` as they were.

    Where the record hides a secret in one (the password of a URL), all of them are to be `given` again.
    Raises InvalidValue where they are not, and for any argument that nothing asks for.
    """
    if not hides(record.given):
        if given:
            raise InvalidValue(
                f"{given[0]} after --: the record says which arguments the engine gets",
                hint="leave it out, or leave --from-record out",
            )
        return tuple(record.given)
    if [hide.text(token) for token in given] != record.given:
        raise InvalidValue(
            f"the record hides a secret in the arguments after --: {shlex.join(record.given)}",
            hint="give all of them again, as they were, with the secret",
        )
    return given


def catalog(record: Record, here: Catalog, hide: Hider) -> tuple[Catalog, tuple[str, ...]]:
    """Return the catalogue with the profile as it was recorded, and what to say of it.

    Raises InvalidProfile where the profile is gone or changed, and had a secret that the record hides.
    """
    used = record.profile
    there = next((each for each in here.profiles if each.id == used.id), None)
    if there is not None and shown(there, hide) == used.content:
        return here, ()
    what = f"the profile {used.id} {'has changed since' if there else 'is not in the catalogue any more'}"
    if hides(used.content.engine_args) or hides(used.content.env_vars):
        raise InvalidProfile(f"{what}, and the record hides a secret of it", hint=f"bring back {used.path}")
    path = Path(used.path)
    was = Profile(used.id, path.stem, Origin(used.origin), path, used.content)
    others = [each for each in here.profiles if each.id != used.id]
    profiles = sorted([*others, was], key=lambda each: (place(each.origin), each.id))
    return replace(here, profiles=tuple(profiles)), (f"{what}: it is taken from the record",)
