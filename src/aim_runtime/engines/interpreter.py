"""The Python that has the engine: this program's own, or another, which is asked where it looks."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from aim_runtime.errors import InvalidValue

_ANSWERS_WITHIN_S = 60
# What site-packages add to the path is known only to the interpreter itself, and Debian's is built to keep
# its scripts elsewhere than beside it. The first entry is the folder of the program, which here is none.
_ASK = (
    "import json, sys, sysconfig;"
    "print(json.dumps([sys.executable, sys.path[1:], sysconfig.get_path('scripts')]))"
)


@dataclass(frozen=True)
class Interpreter:
    """A Python, the folders in which it looks for libraries, and the one of its libraries' programs."""

    python: Path
    path: tuple[str, ...]
    scripts: Path


def interpreter(python: str | None) -> Interpreter:
    """The Python of that path or name, else the one that runs this program.

    Raises InvalidValue for what is no Python.
    """
    if python is not None:
        return _asked(python)
    own = Path(sys.executable)
    return Interpreter(own, tuple(sys.path), own.parent)


@cache
def _asked(python: str) -> Interpreter:
    found = shutil.which(python)
    if found is None:
        raise _refused(python, "there is no such program")
    try:
        done = subprocess.run(
            [found, "-c", _ASK], capture_output=True, text=True, timeout=_ANSWERS_WITHIN_S, check=True
        )
        executable, path, scripts = json.loads(done.stdout)
    except subprocess.CalledProcessError as error:
        words = error.stderr.strip().splitlines() or [f"exit code {error.returncode}"]
        raise _refused(python, words[-1]) from error
    except (OSError, subprocess.TimeoutExpired, ValueError) as error:
        raise _refused(python, str(error)) from error
    return Interpreter(Path(executable), tuple(path), Path(scripts))


def _refused(python: str, why: str) -> InvalidValue:
    return InvalidValue(
        f"AIM_ENGINE_PYTHON={python} cannot be run as a Python: {why}",
        hint="name the Python that has the engine, for example python3; see: command -v python3",
    )
