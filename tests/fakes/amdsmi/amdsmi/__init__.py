"""AMD's management library with the GPUs of a JSON file: the functions, keys and errors that are used.

$FAKE_AMDSMI names the file: a list with an object for each handle, in which the answer of every function
stands under the function's name without `amdsmi_get_`; a text instead of an answer is the error that it
raises (UNDECODABLE: what the real one raises for a text of another layout), and what is not there is not
supported. `{"init": "…"}` instead of the list: it does not start.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

UNDECODABLE = "undecodable"


class AmdSmiException(Exception):
    pass


class AmdSmiLibraryException(AmdSmiException):
    pass


_started = False


def _state() -> Any:
    return json.loads(Path(os.environ["FAKE_AMDSMI"]).read_text())


def amdsmi_init() -> None:
    global _started
    if isinstance(_state(), dict):
        raise AmdSmiLibraryException(_state()["init"])
    _started = True


def amdsmi_shut_down() -> None:
    global _started
    if not _started:
        raise AmdSmiLibraryException("not started")
    _started = False
    print("shut down")


def amdsmi_get_processor_handles() -> list[int]:
    return list(range(len(_state())))


def _answer(name: str, handle: int) -> Any:
    if not _started:
        raise AmdSmiLibraryException("not started")
    found = _state()[handle].get(name, "not supported")
    if found == UNDECODABLE:
        b"\xff".decode("utf-8")
    if isinstance(found, str):
        raise AmdSmiLibraryException(found)
    return found


def amdsmi_get_gpu_kfd_info(handle: int) -> Any:
    return _answer("gpu_kfd_info", handle)


def amdsmi_get_gpu_asic_info(handle: int) -> Any:
    return _answer("gpu_asic_info", handle)


def amdsmi_get_gpu_vram_usage(handle: int) -> Any:
    return _answer("gpu_vram_usage", handle)


def amdsmi_get_gpu_activity(handle: int) -> Any:
    return _answer("gpu_activity", handle)


def amdsmi_get_gpu_process_list(handle: int) -> Any:
    return _answer("gpu_process_list", handle)


# There is no amdsmi_get_gpu_total_ecc_count here unless it is asked for: older versions lack functions.
if os.environ.get("FAKE_AMDSMI_ECC"):

    def amdsmi_get_gpu_total_ecc_count(handle: int) -> Any:
        return _answer("gpu_total_ecc_count", handle)
