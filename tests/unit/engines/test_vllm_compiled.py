"""Where compiled things are kept: what the key hangs on, what it does not, and which variables say so."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from aim_runtime.engines.launch import EngineInstall, Layer
from aim_runtime.engines.vllm_compiled import compiled_in, key
from aim_runtime.engines.vllm_environment import Machine
from aim_runtime.hardware.accelerator import Accelerator, Gpu, Processor
from aim_runtime.models.location import Location
from aim_runtime.models.ref import ModelRef
from aim_runtime.vocabulary import AcceleratorType, Vendor

ENGINE = EngineInstall("vllm", "0.32.0", ("vllm", "serve"), Path("python"))
HERE = Location("acme/model", Path("/models/acme/model"), True, (ModelRef.parse("hf://acme/model@abc"),))
ZEN = Processor("AuthenticAMD", "zen5", "9965", features=("avx512f", "avx512_bf16"))


def machine(gfx: str = "gfx942", count: int = 8, vendor: Vendor = Vendor.AMD) -> Machine:
    gpu = Gpu(vendor, gfx)
    devices = (
        Accelerator(AcceleratorType.GPU, index, "MI300X", "x", None, gpu=gpu) for index in range(count)
    )
    return Machine(tuple(devices), False, ZEN)


BASE: dict[str, Any] = {
    "machine": machine(),
    "install": ENGINE,
    "location": HERE,
    "arguments": {"dtype": "bfloat16", "max-model-len": 8192, "compilation-config": {"mode": 3}},
}
OTHERS: dict[str, dict[str, Any]] = {
    "engine": {"install": replace(ENGINE, version="0.33.0")},
    "no engine": {"install": None},
    "architecture": {"machine": machine("gfx950")},
    "count": {"machine": machine(count=4)},
    "processor": {"machine": replace(machine(), processor=replace(ZEN, features=("avx512f",)))},
    "model": {"location": replace(HERE, model_id="acme/other")},
    "revision": {"location": replace(HERE, sources=(ModelRef.parse("hf://acme/model@def"),))},
    "argument": {"arguments": {**BASE["arguments"], "max-model-len": 4096}},
    "part of an argument": {"arguments": {**BASE["arguments"], "compilation-config.mode": 0}},
}
SAME: dict[str, dict[str, Any]] = {
    "what is not compiled": {"arguments": {**BASE["arguments"], "tool-call-parser": "hermes", "seed": 1}},
    "order": {"arguments": dict(reversed(BASE["arguments"].items()))},
    "where the weights are": {"location": replace(HERE, path=Path("/elsewhere"))},
}


@pytest.mark.parametrize("name", OTHERS)
def test_the_key_is_another_for_another(name: str) -> None:
    assert key(**{**BASE, **OTHERS[name]}) != key(**BASE)


@pytest.mark.parametrize("name", SAME)
def test_the_key_is_the_same_whatever_the(name: str) -> None:
    assert key(**{**BASE, **SAME[name]}) == key(**BASE)


def test_keys_of_all_differ_from_one_another() -> None:
    keys = [key(**{**BASE, **other}) for other in OTHERS.values()]
    assert len(set(keys)) == len(OTHERS)
    assert all(each.startswith(("acme--model-", "acme--other-")) for each in keys)


def test_the_variables_are_below_the_folder_and_say_why() -> None:
    folder, rows = compiled_in(Path("/cache"), **BASE)
    assert folder == Path("/cache/.aim/compiled") / key(**BASE)
    assert {each.name: Path(each.value or "").relative_to(folder).as_posix() for each in rows} == {
        "VLLM_CACHE_ROOT": "vllm",
        "TORCHINDUCTOR_CACHE_DIR": "inductor",
        "TRITON_CACHE_DIR": "triton",
        "MIOPEN_CUSTOM_CACHE_DIR": "miopen/kernels",
        "MIOPEN_USER_DB_PATH": "miopen/found",
    }
    assert all("kept" in each.reason or "fastest" in each.reason for each in rows)
    assert {each.layer for each in rows} == {Layer.RUNTIME}


@pytest.mark.parametrize("where", [machine(vendor=Vendor.NVIDIA), Machine((), False, ZEN)])
def test_what_is_amds_is_left_out_elsewhere(where: Machine) -> None:
    _, rows = compiled_in(Path("/cache"), **{**BASE, "machine": where})
    assert not [each for each in rows if each.name.startswith("MIOPEN")]


def on_cpu(install: EngineInstall | None, **arguments: Any) -> dict[str, str | None]:
    device = Accelerator(AcceleratorType.CPU, 0, "CPU", "x", None, 4, processor=ZEN)
    where = Machine((device,), False, ZEN)
    _, rows = compiled_in(Path("/cache"), where, install, HERE, arguments)
    return {each.name: each.value for each in rows}


def test_artifacts_that_one_version_cannot_load_are_not_made() -> None:
    name = "VLLM_USE_AOT_COMPILE"
    assert on_cpu(ENGINE)[name] == "0"
    assert on_cpu(replace(ENGINE, version="0.32.0+cpu"))[name] == "0"
    assert name not in on_cpu(replace(ENGINE, version="0.33.0"))
    assert name not in on_cpu(None)
    assert name not in on_cpu(ENGINE, **{"enforce-eager": True}), "nothing is compiled"
    _, rows = compiled_in(Path("/cache"), **BASE)
    assert name not in {each.name for each in rows}, "a GPU's torch is another"
