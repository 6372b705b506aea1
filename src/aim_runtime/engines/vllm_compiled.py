"""Where vLLM keeps what it compiles: below the cache of weights, apart by all that it depends on.

In a container the engine's own places are gone with it, and every start compiles again: 79 s became 48 s
with them kept (vllm#49782), 64 s became 31 s (SkyRL#2138), on two CPU cores 115 s became 40 s compiled and
48 s became 34 s eager (benchmarks/warm_start.py). The libraries know by their own digests whether
an entry fits; the key here keeps apart what several services write, and what one machine's processor
cannot run.

AITER_JIT_DIR and AITER_ROOT_DIR are not set: AITER looks for its kernels in those folders only, so an empty
one hides all that an image ships compiled, and compiling them takes a quarter of an hour (ROCm/aiter#2336;
get_user_jit_dir and get_module in aiter/jit/core.py, csrc/cpp_itfs/utils.py). Where its package cannot be
written it copies them to HOME/.aiter, which is in a kept folder too when the real HOME cannot be written.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aim_runtime.engines.launch import EngineInstall, EnvironmentVariable, Layer
from aim_runtime.engines.vllm_environment import Machine
from aim_runtime.models.location import Location
from aim_runtime.vocabulary import Vendor

_KEPT = "kept from one start to the next"
# Variable, folder, and what it is for.
_FOLDERS = (
    ("VLLM_CACHE_ROOT", "vllm", f"compiled graphs and what is known of model classes, {_KEPT}"),
    # vLLM moves it below its own for its graphs; what is compiled beside them is here, and not in a
    # folder named after the user, whom a container may have no name for.
    ("TORCHINDUCTOR_CACHE_DIR", "inductor", f"Inductor's code, {_KEPT}"),
    ("TRITON_CACHE_DIR", "triton", f"Triton's kernels, {_KEPT}"),
)
# MIOpen's documentation and ROCm/MIOpen#1295. Its databases break when two write them (ROCm/MIOpen#1878).
_FOLDERS_ON_AMD = (
    ("MIOPEN_CUSTOM_CACHE_DIR", "miopen/kernels", f"MIOpen's kernels, {_KEPT}"),
    ("MIOPEN_USER_DB_PATH", "miopen/found", f"which kernels MIOpen found fastest, {_KEPT}"),
)
# Arguments that what is compiled depends on. One that is missing here costs nothing but company in a
# folder: vLLM's own digests know all of them.
_ARGUMENTS = (
    *("dtype", "quantization", "kv-cache-dtype", "block-size", "enforce-eager", "compilation-config"),
    *("max-model-len", "max-num-batched-tokens", "max-num-seqs", "speculative-config", "enable-lora"),
    *("tensor-parallel-size", "pipeline-parallel-size", "data-parallel-size", "enable-expert-parallel"),
    *("attention-backend", "optimization-level", "hf-overrides"),
    *("nnodes", "node-rank"),  # each machine compiles its own part, and may keep it on a volume of all
)


def compiled_in(
    cache: Path,
    machine: Machine,
    install: EngineInstall | None,
    location: Location,
    arguments: Mapping[str, Any],
) -> tuple[Path, tuple[EnvironmentVariable, ...]]:
    """Return the folder for what this engine compiles for this model here, and the variables that say so."""
    folder = cache / ".aim" / "compiled" / key(machine, install, location, arguments)
    on_amd = any(each.gpu and each.gpu.vendor is Vendor.AMD for each in machine.uses)
    rows = (*_FOLDERS, *(_FOLDERS_ON_AMD if on_amd else ()))
    variables = [
        EnvironmentVariable(name, str(folder / below), Layer.RUNTIME, reason) for name, below, reason in rows
    ]
    if machine.on_cpu and "enforce-eager" not in arguments and _loads_no_artifacts(install):
        name, reason = "VLLM_USE_AOT_COMPILE", "this version cannot load the artifacts that it would keep"
        variables.append(EnvironmentVariable(name, "0", Layer.RUNTIME, reason))
    return folder, tuple(variables)


def _loads_no_artifacts(install: EngineInstall | None) -> bool:
    """Whether what is compiled ahead of time is compiled again at every start.

    vLLM 0.32.0 with the torch 2.13 of its CPU build ("'function' object has no attribute
    'finalize_loading'"): the second start took 82 s after a first of 92 s, without it 45 s after 103 s.
    """
    return install is not None and install.version.partition("+")[0] == "0.32.0"


def key(
    machine: Machine, install: EngineInstall | None, location: Location, arguments: Mapping[str, Any]
) -> str:
    """Return a name for everything that what is compiled depends on, as far as a plan knows it."""
    processor = machine.processor
    facts = {
        "engine": [install.engine, install.version] if install else [],
        "architecture": machine.architecture or [each.model for each in machine.uses[:1]],
        "count": len(machine.uses),
        # Code for a CPU may use every instruction that the machine has which compiled it.
        "processor": [processor.vendor, processor.generation, processor.model_number, *processor.features]
        if processor
        else [],
        "model": [location.model_id, *(each.revision or "" for each in location.sources[:1])],
        "arguments": {
            name: value for name, value in sorted(arguments.items()) if name.partition(".")[0] in _ARGUMENTS
        },
    }
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()
    return f"{location.model_id.replace('/', '--')}-{digest[:16]}"
