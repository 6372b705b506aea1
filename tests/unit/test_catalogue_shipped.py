"""The catalogue that is shipped: the seed's table, and what holds for every file in it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from aim_runtime.engines.vllm import Vllm
from aim_runtime.profiles.aim import AimFile
from aim_runtime.profiles.catalog import AIM_FILE, load_catalog, shipped_root
from aim_runtime.profiles.profile import Profile
from aim_runtime.profiles.read import read
from aim_runtime.vocabulary import AcceleratorType, Origin, ProfileType

ROOT = shipped_root()
COHERE = "CohereLabs/command-a-reasoning-08-2025"
AIM_FILES = sorted(
    path for path in ROOT.rglob(AIM_FILE) if path.relative_to(ROOT).parts[0] not in ("custom", "general")
)
AIM_IDS = [path.parent.relative_to(ROOT).as_posix() for path in AIM_FILES]

# The table of the seed, in its order: profile, GPU, precision, engine, GPU count, metric, type.
SEED = """\
vllm-mi300x-fp16-tp8-latency|MI300X|fp16|vllm|8|latency|unoptimized
vllm-mi300x-fp16-tp1-latency|MI300X|fp16|vllm|1|latency|unoptimized
vllm-mi250x-fp16-tp8-latency|MI250X|fp16|vllm|8|latency|unoptimized
vllm-mi250x-fp16-tp8-throughput|MI250X|fp16|vllm|8|throughput|unoptimized
vllm-mi300x-fp16-tp2-latency|MI300X|fp16|vllm|2|latency|preview
vllm-mi300x-fp16-tp2-throughput|MI300X|fp16|vllm|2|throughput|preview
vllm-mi300x-fp16-tp4-latency|MI300X|fp16|vllm|4|latency|preview
vllm-mi300x-fp16-tp4-throughput|MI300X|fp16|vllm|4|throughput|optimized
vllm-mi300x-fp16-tp8-latency|MI300X|fp16|vllm|8|latency|optimized
vllm-mi300x-fp16-tp8-throughput|MI300X|fp16|vllm|8|throughput|optimized
vllm-mi325x-fp16-tp2-latency|MI325X|fp16|vllm|2|latency|unoptimized
vllm-mi325x-fp16-tp2-throughput|MI325X|fp16|vllm|2|throughput|unoptimized
vllm-mi325x-fp16-tp4-latency|MI325X|fp16|vllm|4|latency|unoptimized
vllm-mi325x-fp16-tp4-throughput|MI325X|fp16|vllm|4|throughput|unoptimized
vllm-mi325x-fp16-tp8-latency|MI325X|fp16|vllm|8|latency|unoptimized
vllm-mi325x-fp16-tp8-throughput|MI325X|fp16|vllm|8|throughput|unoptimized
vllm-mi300x-fp16-tp1-latency|MI300X|fp16|vllm|1|latency|general
vllm-mi300x-fp16-tp1-throughput|MI300X|fp16|vllm|1|throughput|general
vllm-mi300x-fp16-tp2-latency|MI300X|fp16|vllm|2|latency|general
vllm-mi300x-fp16-tp2-throughput|MI300X|fp16|vllm|2|throughput|general
vllm-mi300x-fp16-tp4-latency|MI300X|fp16|vllm|4|latency|general
vllm-mi300x-fp16-tp4-throughput|MI300X|fp16|vllm|4|throughput|general
vllm-mi300x-fp16-tp8-latency|MI300X|fp16|vllm|8|latency|general
vllm-mi300x-fp16-tp8-throughput|MI300X|fp16|vllm|8|throughput|general
vllm-mi325x-fp16-tp1-latency|MI325X|fp16|vllm|1|latency|general
vllm-mi325x-fp16-tp1-throughput|MI325X|fp16|vllm|1|throughput|general
vllm-mi325x-fp16-tp2-latency|MI325X|fp16|vllm|2|latency|general
vllm-mi325x-fp16-tp2-throughput|MI325X|fp16|vllm|2|throughput|general
vllm-mi325x-fp16-tp4-latency|MI325X|fp16|vllm|4|latency|general
vllm-mi325x-fp16-tp4-throughput|MI325X|fp16|vllm|4|throughput|general
vllm-mi325x-fp16-tp8-latency|MI325X|fp16|vllm|8|latency|general
vllm-mi325x-fp16-tp8-throughput|MI325X|fp16|vllm|8|throughput|general
"""


def every_profile() -> list[Profile]:
    """All profiles of all AIMs, each file once."""
    found = {
        profile.path: profile for aim in (None, *AIM_IDS) for profile in load_catalog([ROOT], aim).profiles
    }
    return [found[path] for path in sorted(found)]


EVERY = every_profile()
each_profile = pytest.mark.parametrize(
    "profile", EVERY, ids=lambda profile: profile.path.relative_to(ROOT).with_suffix("").as_posix()
)


def row(profile: Profile) -> str:
    metadata = profile.metadata
    count = str(metadata.accelerator_count)
    return "|".join(
        [
            *(profile.stem, metadata.accelerator_model, metadata.precision, metadata.engine, count),
            *(metadata.metric, metadata.type),
        ]
    )


def test_the_seeds_table() -> None:
    profiles = load_catalog([ROOT], COHERE).profiles
    on_gpus = [each for each in profiles if each.metadata.accelerator_type is AcceleratorType.GPU]
    assert [row(profile) for profile in on_gpus] == SEED.splitlines()
    origins = [profile.origin for profile in on_gpus]
    assert origins == [*[Origin.CUSTOM_MODEL] * 2, *[Origin.MODEL] * 14, *[Origin.GENERAL] * 16]


def test_every_file_is_a_profile_or_an_aim() -> None:
    files = {path for path in ROOT.rglob("*") if path.is_file() and path.suffix in (".yaml", ".yml", ".json")}
    assert files == {profile.path for profile in EVERY} | set(AIM_FILES)


@pytest.mark.parametrize("aim_id", [None, *AIM_IDS])
def test_nothing_is_broken(aim_id: str | None) -> None:
    assert load_catalog([ROOT], aim_id).problems == ()


@each_profile
def test_the_file_is_named_for_what_it_is(profile: Profile) -> None:
    metadata = profile.metadata
    accelerator = metadata.accelerator_model.casefold()
    assert profile.stem == (
        f"{metadata.engine}-{accelerator}-{metadata.precision}"
        f"-tp{metadata.accelerator_count}-{metadata.metric}"
    )


@each_profile
def test_the_engine_takes_every_argument(profile: Profile) -> None:
    assert Vllm().problems(profile, None) == ()


@each_profile
def test_tensor_parallelism_is_derived_and_not_written(profile: Profile) -> None:
    assert "tensor-parallel-size" not in profile.path.read_text(encoding="utf-8").replace("_", "-")


@each_profile
def test_what_the_runtime_owns_is_not_written(profile: Profile) -> None:
    given = {key.replace("_", "-") for key in profile.content.engine_args}
    assert not given & {"port", "model", "served-model-name", "host"}


@each_profile
def test_the_type_follows_the_place(profile: Profile) -> None:
    is_general = profile.origin in (Origin.GENERAL, Origin.CUSTOM_GENERAL)
    assert (profile.metadata.type is ProfileType.GENERAL) is is_general


@each_profile
def test_evidence_claims_only_what_it_shows(profile: Profile) -> None:
    evidence = profile.content.evidence
    assert evidence is not None, "whoever made the profile says what it rests on"
    if evidence.source == "published":
        assert evidence.release
        assert not evidence.figures
        assert not evidence.baseline
        return
    assert evidence.engine
    assert evidence.machine
    assert date.fromisoformat(evidence.date or "") <= date.today()
    assert all(value > 0 for value in evidence.figures.values())
    assert set(evidence.baseline) <= set(evidence.figures)


@pytest.mark.parametrize("path", AIM_FILES, ids=AIM_IDS)
def test_the_aims_file(path: Path) -> None:
    found = read(path, AimFile)
    assert isinstance(found, AimFile), found
    assert found.aim_id == path.parent.relative_to(ROOT).as_posix()
    assert found.licenses
    assert found.capabilities
    assert found.sources
    assert found.sources[0].name == found.aim_id


def test_the_cohere_aim() -> None:
    aim = load_catalog([ROOT], COHERE).aim
    assert aim is not None
    assert aim.token_required
    assert aim.licenses == "CC-BY-NC-4.0, MIT"
    assert aim.capabilities == ("text-generation", "conversational", "chat", "multilingual")
    assert "multilingual text generation model optimized for conversational AI" in (
        aim.org.opencontainers.image.description
    )
    assert [str(ref) for ref in aim.sources] == [f"hf://{COHERE}"]


def test_the_catalogue_has_these_aims() -> None:
    assert {COHERE, "HuggingFaceTB/SmolLM2-135M-Instruct"} <= set(AIM_IDS)
