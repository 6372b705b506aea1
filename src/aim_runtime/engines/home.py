"""A home for the engine's process where the real one cannot be written.

A container often runs as a user id that nothing knows, with HOME=/ or none; the engine and what it
imports write there (vllm#10185, #20127, #38552) and ask for the user's name (torch, Triton).
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Mapping
from pathlib import Path

_NAME = "aim"


def writable_home(inherited: Mapping[str, str], folder: Path | None) -> Mapping[str, str]:
    """Return what to set on top of `inherited` so that the engine has a home it may write to.

    `folder` is one that it may write to, where a home is made when one is needed.
    """
    found = {} if _has_a_name(inherited) else {"USER": _NAME, "LOGNAME": _NAME}
    home, caches = inherited.get("HOME"), inherited.get("XDG_CACHE_HOME")
    if folder is None:
        return found
    if not home or not _writable(Path(home)):
        found["HOME"] = str(_made(folder / "home"))
        caches = caches or str(Path(found["HOME"]) / ".cache")
        found["XDG_CACHE_HOME"] = caches
    if not _writable(Path(caches or Path(home or "/") / ".cache")):
        found["XDG_CACHE_HOME"] = str(_made(folder / "home" / ".cache"))
    return {**found, **_hugging_face({**inherited, **found}, folder)}


def _hugging_face(environment: Mapping[str, str], folder: Path) -> Mapping[str, str]:
    """Return where the hub's client may write, and find no token that is closed to this user.

    A folder that several users share has the login of one of them, who alone may read it: for the others
    its client fails when it only looks for one (huggingface_hub#4234).
    """
    named = environment.get("HF_HOME")
    home = Path(
        named
        or Path(environment.get("XDG_CACHE_HOME") or Path(environment["HOME"], ".cache")) / "huggingface"
    )
    token = Path(environment.get("HF_TOKEN_PATH") or home / "token")
    own = folder / "home" / ".cache" / "huggingface"
    found = {}
    if named and not _writable(home):
        found["HF_HOME"] = str(_made(own))
        found["HF_TOKEN_PATH"] = str(token)  # the login is where it was
    if not _readable(token):
        found["HF_TOKEN_PATH"] = str(_made(own) / "token")
    return found


def _has_a_name(inherited: Mapping[str, str]) -> bool:
    """Whether getpass.getuser() finds a name."""
    if any(inherited.get(name) for name in ("LOGNAME", "USER", "LNAME", "USERNAME")):
        return True
    try:
        pwd.getpwuid(os.getuid())
    except KeyError:
        return False
    return True


def _writable(folder: Path) -> bool:
    """Whether this user may make files in `folder`, or make the folder itself."""
    if os.path.lexists(folder):
        return os.access(folder, os.W_OK | os.X_OK) and os.path.isdir(folder)  # noqa: PTH112
    return folder != folder.parent and _writable(folder.parent)


def _readable(file: Path) -> bool:
    """Whether this user may read a file, or is told that there is none."""
    try:
        file.open("rb").close()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
