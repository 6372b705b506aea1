"""Records of real plans on declared machines, in few words."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from aim_runtime.engines.launch import EngineInstall
from aim_runtime.hardware.accelerator import Hardware
from aim_runtime.hardware.declared import SOURCE, declare
from aim_runtime.models.cache import Cache
from aim_runtime.plan import Plan, make_plan
from aim_runtime.record.describe import Run, describe
from aim_runtime.record.values import Outcome, Record, Stage, State
from aim_runtime.secret_arguments import move_secrets
from aim_runtime.settings import Settings
from aim_runtime.site import Site, load_catalog_for
from unit.profiles.build import CPU, content, write

MODEL = "acme/model"
PROFILE = f"custom/{MODEL}/fast"
ENGINE = EngineInstall("vllm", "0.32.0", ("/venv/bin/vllm", "serve"), Path("/venv/bin/python"))
STARTED = "2026-11-25T12:00:00+00:00"
READY = Outcome(
    state=State.RUNNING,
    started=STARTED,
    ready_after_s=42.5,
    stages=[Stage(phase="surveying", seconds=0.5), Stage(phase="loading weights", seconds=42.0)],
)


def environment(folder: Path, **more: str) -> dict[str, str]:
    """An environment that asks for the custom profile of `folder`."""
    profile = content(MODEL)
    profile["engine_args"] = {"max-num-seqs": 8, "dtype": "float16"}
    profile["env_vars"] = {"NCCL_MIN_NCHANNELS": "112"}
    write(folder / "profiles/custom/fast.yaml", profile)
    return {
        "AIM_ID": MODEL,
        "AIM_CACHE_PATH": str(folder / "cache"),
        "AIM_PROFILES_PATH": str(folder / "profiles"),
        "AIM_HOST_ROOT": str(folder),
        **more,
    }


def plan(
    environ: Mapping[str, str],
    *given: str,
    model: str = "MI300X",
    count: int = 8,
    install: EngineInstall | None = ENGINE,
) -> Plan:
    settings = Settings.from_env(environ, given)
    hardware = Hardware(declare(model, count, 0), CPU, SOURCE)
    site = Site(hardware, load_catalog_for(settings), Cache(settings.cache_path), install)
    return make_plan(settings, site)


def record(
    environ: Mapping[str, str], *given: str, outcome: Outcome = READY, id_: str = "0badcafe"
) -> Record:
    """The record of a run that is asked for as the command line does it: no argument is a secret."""
    moved = move_secrets(environ, given)
    environ = {**environ, **moved.variables}
    return describe(plan(environ, *moved.extra_args), environ, Run(id_, outcome))
