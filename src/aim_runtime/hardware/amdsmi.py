"""What AMD's management library knows of each GPU, to complete what the kernel's files say.

The library sees devices that are not ours, in another order than the runtime's, and knows nothing of the
visibility variables: which devices there are is the kernel's word. Any of its answers may be the text
"N/A", and any of its functions may be missing in a version.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from aim_runtime.hardware.device import MIB

SOURCE = "amdsmi"
# Without the shared library behind it the package fails to import in one of these ways.
_NOT_THERE = (ImportError, KeyError, OSError, AttributeError)
# All ones, in 32 or 64 bits, is how the library under the package says that it does not know.
_NOT_KNOWN = (2**32 - 1, 2**64 - 1)


@dataclass(frozen=True)
class Process:
    """A process that uses a GPU, and the bytes of the GPU's memory that it holds."""

    pid: int
    name: str
    memory_bytes: int | None


@dataclass(frozen=True)
class Reading:
    """One device: `node` is its number among the KFD's nodes; None or empty is what was not answered."""

    node: int
    name: str = ""
    memory_bytes: int | None = None
    used_bytes: int | None = None
    busy_percent: int | None = None
    memory_busy_percent: int | None = None


@dataclass(frozen=True)
class Health:
    """Errors of the memory that could not be corrected, and who uses the device."""

    uncorrectable_errors: int | None = None
    processes: tuple[Process, ...] = ()


def readings(root: Path) -> dict[int, Reading]:
    """What planning asks, by KFD node; empty where the library is not there or does not start.

    The library looks at this machine alone: of another `root` it knows nothing.
    """
    with _session(root) as library:
        return (
            {node: _reading(library, node, handle) for node, handle in _handles(library)} if library else {}
        )


def health(root: Path) -> dict[int, Health]:
    """What only an examination asks, by KFD node: it takes longer."""
    with _session(root) as library:
        return {node: _health(library, handle) for node, handle in _handles(library)} if library else {}


@contextmanager
def _session(root: Path) -> Iterator[ModuleType | None]:
    library = _started() if root == Path("/") else None
    try:
        yield library
    finally:
        if library is not None:
            _asked(library, "amdsmi_shut_down")


def _started() -> ModuleType | None:
    try:
        # It prints to stdout that its shared library is not there, and stdout is for our answers.
        with redirect_stdout(io.StringIO()):
            import amdsmi
    except _NOT_THERE:
        return None
    try:
        amdsmi.amdsmi_init()
    except amdsmi.AmdSmiException:
        return None
    library: ModuleType = amdsmi
    return library


def _handles(library: ModuleType) -> Iterator[tuple[int, Any]]:
    for handle in _asked(library, "amdsmi_get_processor_handles") or ():
        node = _number(_asked(library, "amdsmi_get_gpu_kfd_info", handle), "node_id")
        if node is not None:
            yield node, handle


def _reading(library: ModuleType, node: int, handle: Any) -> Reading:
    asic = _asked(library, "amdsmi_get_gpu_asic_info", handle)
    use = _asked(library, "amdsmi_get_gpu_vram_usage", handle)
    activity = _asked(library, "amdsmi_get_gpu_activity", handle)
    total, used = _number(use, "vram_total"), _number(use, "vram_used")
    return Reading(
        node,
        _word(asic, "market_name"),
        total * MIB if total else None,
        None if used is None else used * MIB,
        _percent(activity, "gfx_activity"),
        _percent(activity, "umc_activity"),
    )


def _health(library: ModuleType, handle: Any) -> Health:
    errors = _number(_asked(library, "amdsmi_get_gpu_total_ecc_count", handle), "uncorrectable_count")
    found = []
    for process in _asked(library, "amdsmi_get_gpu_process_list", handle) or ():
        pid = _number(process, "pid")
        if pid is not None:
            found.append(Process(pid, _word(process, "name"), _held(process)))
    return Health(errors, tuple(found))


def _held(process: dict[str, Any]) -> int | None:
    """Bytes. `mem` may count the host's memory too, and is 0 for a process of another PID namespace."""
    return _number(process.get("memory_usage"), "vram_mem") or _number(process, "mem")


def _asked(library: ModuleType, name: str, *arguments: Any) -> Any:
    """The answer, None where the library refuses it or has no such function.

    A ValueError is a text that cannot be decoded: the package is of another version than the library.
    """
    function: Callable[..., Any] | None = getattr(library, name, None)
    if function is None:
        return None
    try:
        return function(*arguments)
    except (library.AmdSmiException, ValueError):
        return None


def _word(answer: Any, key: str) -> str:
    value = answer.get(key) if isinstance(answer, dict) else None
    return value if isinstance(value, str) and value != "N/A" else ""


def _number(answer: Any, key: str) -> int | None:
    value = answer.get(key) if isinstance(answer, dict) else None
    if not isinstance(value, int) or isinstance(value, bool) or value < 0 or value in _NOT_KNOWN:
        return None
    return value


def _percent(answer: Any, key: str) -> int | None:
    value = _number(answer, key)
    return value if value is not None and value <= 100 else None
