"""Every AIM on every accelerator, asked for in every way: a profile that fits, or what would help."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml

from aim_runtime.engines import ENGINES
from aim_runtime.errors import NoProfile
from aim_runtime.hardware.accelerator import Accelerator, Hardware
from aim_runtime.hardware.declared import declare
from aim_runtime.hardware.devices import BY_MODEL, MIB
from aim_runtime.models.architecture import UNKNOWN_MODEL, Architecture
from aim_runtime.models.cache import Cache
from aim_runtime.plan import architecture, judge_all, make_plan
from aim_runtime.profiles.catalog import AIM_FILE, shipped_root
from aim_runtime.profiles.demand import Demand
from aim_runtime.profiles.fit import Fit, NotKnown
from aim_runtime.profiles.judge import candidates, judge
from aim_runtime.profiles.profile import Profile
from aim_runtime.profiles.select import select
from aim_runtime.profiles.selection import Selection
from aim_runtime.settings import Settings
from aim_runtime.site import Site, load_catalog_for
from aim_runtime.vocabulary import AcceleratorType, Metric, Precision
from unit.profiles.build import processor

ROOT = shipped_root()
NOWHERE = Path("/nonexistent")
CPU = processor(memory_gib=512)
COMMAND_A = "CohereLabs/command-a-reasoning-08-2025"
AIMS = sorted(path.parent.relative_to(ROOT).as_posix() for path in ROOT.glob(f"*/*/{AIM_FILE}"))
SEE = "see every profile and what would make it run with: aim-runtime explain"
# How a change begins: a hint is something to do.
CHANGES = ("set AIM_", "unset AIM_", "use a machine with ", "use max-model-len <= ", "free ")
SETTING = re.compile(r"set (?P<variable>AIM_\w+)=(?P<value>[^,;]+)")
OTHER_MACHINE = re.compile(r"use a machine with (?P<count>\d+) x (?P<model>\w+)")
OTHER_CPU = re.compile(r"use a machine with (?P<kind>EPYC_\w+|CPU)")
KINDS = {
    "CPU": (),
    "EPYC_ZEN4": ("EPYC_ZEN4",),
    "EPYC_ZEN5": ("EPYC_ZEN5",),
    "EPYC_9965": ("EPYC_9965", "EPYC_ZEN5"),
}
VARIABLES: dict[str, Callable[[str], dict[str, Any]]] = {
    "AIM_PRECISION": lambda value: {"precision": Precision(value)},
    "AIM_METRIC": lambda value: {"metric": Metric(value)},
    "AIM_ACCELERATOR_COUNT": lambda value: {"accelerator_count": int(value)},
    "AIM_ACCELERATOR_TYPE": lambda value: {"accelerator_type": AcceleratorType(value)},
    "AIM_ALLOW_UNOPTIMIZED": lambda _: {"allow_unoptimized": True},
    "AIM_ALLOW_GENERAL_PROFILE_FALLBACK": lambda _: {"allow_general_profile_fallback": True},
}


def _used_models() -> set[str]:
    """The accelerator models that any shipped profile is for."""
    files = (path for path in ROOT.rglob("*.yaml") if path.name != AIM_FILE)
    found = (yaml.load(path.read_text(), Loader=yaml.CSafeLoader) for path in files)
    return {each["metadata"]["accelerator_model"].upper() for each in found if "metadata" in each}


def _machines() -> dict[str, Hardware]:
    """A server of each accelerator that has a profile, a processor of each kind, and an unused GPU."""
    used = _used_models()
    gpus = {name: Hardware(declare(name, None, 0), CPU, "a test") for name in BY_MODEL if name in used}
    cpus = {name: Hardware((), processor(*names, memory_gib=512), "a test") for name, names in KINDS.items()}
    small = Hardware((), processor(memory_gib=8), "a test")
    return {**gpus, **cpus, "a small CPU": small, "MI100": Hardware(declare("MI100", None, 0), CPU, "a test")}


MACHINES = _machines()


def _requests() -> Iterator[dict[str, Any]]:
    for metric, precision, count in product(Metric, (None, *Precision), (None, 1, 2, 4, 8)):
        yield {"metric": metric, "precision": precision, "accelerator_count": count}
    for metric in Metric:
        yield {"metric": metric, "allow_general_profile_fallback": False}
        yield {"metric": metric, "allow_unoptimized": True}


@dataclass(frozen=True)
class Inputs:
    """What a verdict is made of, and what no request here changes."""

    profile: Profile
    problems: tuple[str, ...]
    model: Architecture
    demand: Demand | None
    memory_bytes: int | None


def site_of(aim: str, hardware: Hardware) -> Site:
    settings = Settings(aim_id=aim, profiles_path=NOWHERE, cache_path=NOWHERE)
    return Site(hardware, load_catalog_for(settings), Cache(NOWHERE), None)


def _memory_bytes(profile: Profile, hardware: Hardware) -> int | None:
    devices = candidates(profile, hardware)
    if devices:
        return devices[0].memory_bytes
    known = BY_MODEL.get(profile.metadata.accelerator_model)
    return known.memory_mib * MIB if known and known.memory_mib else None


def inputs(site: Site, settings: Settings) -> list[Inputs]:
    engine = ENGINES["vllm"]
    found = []
    for profile in site.catalog.profiles:
        problems = engine.problems(profile, None)
        if profile.content.aim_id not in (None, settings.aim):
            found.append(Inputs(profile, problems, UNKNOWN_MODEL, None, None))
            continue
        model = architecture(profile, settings, site)
        memory = _memory_bytes(profile, site.hardware)
        demand = engine.demand(profile, settings, None, model, memory)
        found.append(Inputs(profile, problems, model, demand, memory))
    return found


def check_selection(found: Selection, settings: Settings, hardware: Hardware) -> None:
    metadata = found.profile.metadata
    fit = found.verdict.fit
    assert found.verdict.state == "compatible"
    assert isinstance(fit, NotKnown) or (isinstance(fit, Fit) and fit.fits)
    assert metadata.metric is settings.metric
    assert settings.precision in (None, metadata.precision)
    assert all(metadata.accelerator_model in device.models for device in found.uses)
    if metadata.accelerator_type is AcceleratorType.GPU:
        assert settings.accelerator_count in (None, metadata.accelerator_count)
        assert len(found.uses) == metadata.accelerator_count
        assert set(found.uses) | {left.device for left in found.leaves} == set(hardware.gpus)
    else:
        assert not hardware.gpus


def check_refusal(error: NoProfile, aim: str) -> None:
    first, *rest = error.message.split("\n")
    assert first.startswith(f"no profile for {aim} (")
    assert ". " not in first
    assert not first.endswith(".")
    assert rest or "would do, but must be asked for" in first
    assert len(error.message) < 2500
    assert error.hint == SEE or error.hint.startswith(CHANGES)
    if "does not fit" in error.message:
        assert " GiB" in error.message


class Asking:
    """One AIM asked for in many ways; what is known of each machine is looked up once."""

    def __init__(self, aim: str) -> None:
        self.aim = aim
        self.first = site_of(aim, MACHINES["MI300X"])
        self.known: dict[str, list[Inputs]] = {}
        self.helped: dict[tuple[str, str], None] = {}

    def select(self, name: str, hardware: Hardware, asked: dict[str, Any]) -> Selection:
        settings = Settings(aim_id=self.aim, profiles_path=NOWHERE, cache_path=NOWHERE, **asked)
        if name not in self.known:
            site = Site(hardware, self.first.catalog, self.first.cache, None)
            self.known[name] = inputs(site, settings)
        verdicts = tuple(
            judge(each.profile, settings, hardware, each.problems, each.model, each.demand, each.memory_bytes)
            for each in self.known[name]
        )
        return select(settings, self.first.catalog, verdicts, hardware)

    def follow(self, hint: str, name: str, hardware: Hardware, asked: dict[str, Any]) -> None:
        """Do what a hint says: then there must be a profile."""
        changed = dict(asked)
        for change in hint.removesuffix(SEE).removesuffix("; ").split("; "):
            if setting := SETTING.match(change):
                variable, value = setting["variable"], setting["value"]
                changed |= VARIABLES[variable](value)
                if variable == "AIM_ACCELERATOR_TYPE":
                    name, hardware = "only the CPU", Hardware((), hardware.cpu, "a test")
            elif other := OTHER_MACHINE.match(change):
                name, hardware = (
                    change,
                    Hardware(declare(other["model"], int(other["count"]), 0), CPU, "a test"),
                )
            elif cpu := OTHER_CPU.fullmatch(change):
                large = processor(*KINDS[cpu["kind"]], memory_gib=2048)
                name, hardware = change, Hardware((), large, "a test")
            elif change.startswith("use max-model-len"):
                return  # what it says is told by the tests of the arithmetic
        key = (name, str(changed))
        if key not in self.helped:
            found = self.select(name, hardware, changed)
            check_selection(found, Settings(**changed), hardware)
            self.helped[key] = None


@pytest.mark.parametrize("aim", AIMS)
def test_every_request_is_answered(aim: str) -> None:
    taken = set()
    asking = Asking(aim)
    assert asking.first.catalog.problems == ()
    for name, hardware in MACHINES.items():
        for asked in _requests():
            try:
                found = asking.select(name, hardware, asked)
            except NoProfile as error:
                check_refusal(error, aim)
                if error.hint != SEE:
                    asking.follow(error.hint, name, hardware, asked)
                continue
            check_selection(found, Settings(**asked), hardware)
            taken.add(name)
    assert taken & {"MI300X", "CPU"}, "nothing runs it"


@pytest.mark.parametrize("name", ["MI300X", "CPU"])
def test_the_inputs_are_those_of_the_plan(name: str) -> None:
    settings = Settings(aim_id=COMMAND_A, profiles_path=NOWHERE, cache_path=NOWHERE)
    site = site_of(COMMAND_A, MACHINES[name])
    ours = tuple(
        judge(
            each.profile, settings, site.hardware, each.problems, each.model, each.demand, each.memory_bytes
        )
        for each in inputs(site, settings)
    )
    assert ours == judge_all(settings, site)


@cache
def _site(aim: str, name: str) -> Site:
    return site_of(aim, MACHINES[name])


def chosen(aim: str, name: str, **asked: Any) -> str:
    settings = Settings(aim_id=aim, profiles_path=NOWHERE, cache_path=NOWHERE, **asked)
    return make_plan(settings, _site(aim, name)).profile.id


@pytest.mark.parametrize("metric", list(Metric))
def test_command_a_on_one_mi300x_is_refused_with_the_numbers(metric: Metric) -> None:
    with pytest.raises(NoProfile) as caught:
        chosen(COMMAND_A, "MI300X", accelerator_count=1, metric=metric)
    message, hint = caught.value.message, caught.value.hint
    assert f"no profile for {COMMAND_A} ({metric}) on 8 x MI300X (a test, 1 of them asked for)" in message
    assert "weights 206.9 GiB an accelerator > 182.4 GiB that the engine may use of 192.0 GiB" in message
    assert "2 x MI300X would hold it" in message
    assert "AIM_ACCELERATOR_COUNT=2" in hint


@pytest.mark.parametrize("count", [2, 4, 8])
def test_command_a_on_more_is_taken(count: int) -> None:
    expected = f"vllm-mi300x-fp16-tp{count}-latency"
    assert chosen(COMMAND_A, "MI300X", accelerator_count=count) == expected


def test_the_accelerators_are_named_as_they_are() -> None:
    assert {"MI300X", "MI325X", "CPU"} <= _used_models()
    gpus = {gpu.model for hardware in MACHINES.values() for gpu in hardware.gpus}
    assert _used_models() <= gpus | {"CPU", "EPYC_ZEN4", "EPYC_ZEN5", "EPYC_9965"}
    assert all(isinstance(hardware.cpu, Accelerator) for hardware in MACHINES.values())
