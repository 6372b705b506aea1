"""Writing node labels once, or again and again until stopped."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from aim_runtime.cli import output
from aim_runtime.errors import AimError
from aim_runtime.hardware.accelerator import Hardware
from aim_runtime.hardware.features import labels, write
from aim_runtime.serve import Stop, Stopped, stop_signals
from aim_runtime.vocabulary import AcceleratorType

_POLL_S = 0.2
# A driver that resets a GPU is back by then; what is still missing after it is gone.
_PATIENCE = 3


def keep_writing(
    path: Path, interval_s: float | None, look: Callable[[], Hardware], types: tuple[AcceleratorType, ...]
) -> None:
    """Write the labels of what is seen to `path`, every `interval_s` or once, and say what was written.

    A look that fails, or that could not read all of the hardware, leaves a file that is there as it is.
    Once: raises what the look raised. Repeated: it is said, and after three in a row what can be seen is
    taken for all there is.
    """
    if interval_s is None:
        _once(path, look(), types, patient=True)
        return
    failures = 0
    with stop_signals() as stop:
        try:
            while True:
                try:
                    failures = (
                        0 if _once(path, look(), types, patient=failures < _PATIENCE - 1) else failures + 1
                    )
                except AimError as error:
                    failures += 1
                    output.warning(f"{error.message}; {path} stays as it is")
                _sleep(interval_s, stop)
        except Stopped:
            output.words("stopped")


def _once(path: Path, hardware: Hardware, types: tuple[AcceleratorType, ...], *, patient: bool) -> bool:
    """Write, or if `patient` leave a file that is there while something cannot be read; whether all was."""
    problems = "; ".join(hardware.problems)
    if problems and patient and os.path.exists(path):  # noqa: PTH110 - Path.exists raises where it is closed
        output.warning(f"{problems}; {path} stays as it is")
        return False
    found = labels(hardware, types)
    write(path, found)
    said = ", ".join(f"{name.rpartition('/')[2]}={value}" for name, value in found.items())
    output.words(f"{path}: {said or 'no accelerator'}")
    if problems:
        output.warning(problems)
    return not problems


def _sleep(seconds: float, stop: Stop) -> None:
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        stop.check()
        time.sleep(min(_POLL_S, left))
