"""The models room: Zstandard, where this Python has it: 3.14 and later, or the package backports.zstd."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import IO, cast

from aim_runtime.errors import ExtraMissing

_MODULES = ("compression.zstd", "backports.zstd")


def open_zstd(packed: IO[bytes]) -> IO[bytes]:
    """Return the bytes that `packed` expands to; raises ExtraMissing where nothing here can do it."""
    module = _module()
    if module is None:
        raise missing("a layer that is packed with zstd")
    return cast(IO[bytes], module.ZstdFile(packed))


def zstd_errors() -> tuple[type[Exception], ...]:
    """Return what reading damaged bytes raises."""
    module = _module()
    return () if module is None else (module.ZstdError,)


def has_zstd() -> bool:
    return _module() is not None


def missing(what: str) -> ExtraMissing:
    """Return the error to raise where `what` needs a library that is not there."""
    return ExtraMissing(
        f"{what} cannot be unpacked: this Python has no zstd library",
        hint="pip install backports.zstd (Python 3.14 has it built in), or push with gzip layers",
    )


def _module() -> ModuleType | None:
    for name in _MODULES:
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    return None
