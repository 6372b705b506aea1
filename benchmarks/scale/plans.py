"""The project's own verdicts and plans for declared machines: what `explain` and `generate` work from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

from aim_runtime.deploy.times import Times, times
from aim_runtime.hardware.devices import BY_MODEL, MIB
from aim_runtime.models.architecture import Architecture
from aim_runtime.plan import judge_all
from aim_runtime.profiles.fit import Fit, fit
from aim_runtime.profiles.profile import Profile
from aim_runtime.profiles.selection import Verdict
from aim_runtime.settings import Settings
from aim_runtime.site import survey
from scale.given import AIM

# A folder that is not there: what lies in this machine's cache must not change the tables.
_NO_CACHE = "/nowhere/models"


@dataclass(frozen=True)
class Shape:
    """One profile on declared GPUs; `own` is whether the catalogue has one for this very model."""

    verdict: Verdict
    own: bool

    @property
    def profile(self) -> Profile:
        return self.verdict.profile

    @property
    def model(self) -> Architecture:
        assert self.verdict.model is not None
        return self.verdict.model

    @property
    def fit(self) -> Fit:
        assert isinstance(self.verdict.fit, Fit)
        return self.verdict.fit


@cache
def shape(gpu: str, count: int, metric: str = "throughput") -> Shape:
    """The verdict on `count` GPUs: on the model's own profile, else on the general one."""
    environment = {
        "AIM_ID": AIM,
        "AIM_ACCELERATOR_MODEL": gpu,
        "AIM_ACCELERATOR_COUNT": str(count),
        "AIM_METRIC": metric,
        "AIM_CACHE_PATH": _NO_CACHE,
    }
    settings = Settings.from_env(environment)
    # Whatever engine is installed here: the tables are about the version that the catalogue targets.
    site = replace(survey(settings, environment={}), engine=None)
    name = f"vllm-{gpu.casefold()}-fp16-tp{count}-{metric}"
    found = {each.profile.id: each for each in judge_all(settings, site) if each.profile.stem == name}
    own = next((each for id, each in found.items() if not id.startswith("general/")), None)
    return Shape(own or found[f"general/{name}"], own is not None)


def staged(gpu: str, count: int, stages: int) -> Fit:
    """The profile for `count` GPUs with so many pipeline stages, of `count` GPUs each."""
    found = shape(gpu, count)
    demand = replace(found.fit.demand, pipeline_parallel_size=stages)
    memory = BY_MODEL[gpu].memory_mib
    assert memory
    made = fit(found.model, demand, memory * MIB, None)
    assert isinstance(made, Fit)
    return made


def budgets(gpu: str, count: int) -> Times:
    """How long a start may take at most, as the manifests' probes have it."""
    found = shape(gpu, count)
    assert found.model.weights_bytes
    settings = Settings.from_env({"AIM_ID": AIM, "AIM_CACHE_PATH": _NO_CACHE})
    return times(found.model.weights_bytes, found.profile, settings.serving)


def bandwidth(gpu: str) -> float:
    """Bytes a second of one GPU's memory."""
    return BY_MODEL[gpu].bandwidth_gb_per_s * 1e9
