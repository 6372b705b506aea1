"""The engine version that files are checked and rewritten for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from aim_runtime.engines.launch import EngineInstall
from aim_runtime.engines.options import Options
from aim_runtime.engines.vllm import TARGET_VERSION, Vllm, options_for
from aim_runtime.errors import InvalidValue

_VERSION = re.compile(r"v?(?P<numbers>\d+(?:\.\d+){0,2})(?P<rest>[.+a-z].*)?")


@dataclass(frozen=True)
class EngineVersion:
    """A version of vLLM; `listed` says whether `options` are its own or another version's.

    `install` is the engine that is there, None where a version was asked for.
    """

    version: str
    options: Options
    listed: bool
    install: EngineInstall | None = None


def engine_version(asked: str | None, python: str | None = None) -> EngineVersion:
    """The version asked for, else the installed one, else the one that the shipped profiles are made for.

    `python` is the one that has the engine, None for this program's own. Raises InvalidValue for what is
    no version.
    """
    install = Vllm().find(python) if asked is None else None
    version = _checked(asked) if asked is not None else _that_will_run(install)
    options = options_for(EngineInstall("vllm", version, (), Path()))
    return EngineVersion(version, options, options.version == version.partition("+")[0], install)


def _checked(asked: str) -> str:
    found = _VERSION.fullmatch(asked.strip())
    if found is None:
        raise InvalidValue(
            f"--engine-version {asked}: not a version of vLLM",
            hint=f"give the numbers of a release: {TARGET_VERSION}",
        )
    numbers = found["numbers"].split(".")
    return ".".join([*numbers, *["0"] * (3 - len(numbers))]) + (found["rest"] or "")


def _that_will_run(install: EngineInstall | None) -> str:
    return install.version if install and _VERSION.fullmatch(install.version) else TARGET_VERSION
