"""The catalogue that is shipped: the seed's table, and what holds for every file in it."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from aim_runtime.engines.vllm import TARGET_VERSION, Vllm, options_for
from aim_runtime.engines.vllm_changes import edits
from aim_runtime.profiles.aim import AimFile
from aim_runtime.profiles.catalog import AIM_FILE, load_catalog, shipped_root
from aim_runtime.profiles.profile import Profile
from aim_runtime.profiles.read import read
from aim_runtime.vocabulary import AcceleratorType, Origin, Precision, ProfileType

ROOT = shipped_root()
COHERE = "CohereLabs/command-a-reasoning-08-2025"
AIM_FILES = sorted(
    path for path in ROOT.rglob(AIM_FILE) if path.relative_to(ROOT).parts[0] not in ("custom", "general")
)
AIM_IDS = [path.parent.relative_to(ROOT).as_posix() for path in AIM_FILES]

# How many profiles each part of the catalogue has, by accelerator.
PROFILES = {
    COHERE: {"MI250X": 2, "MI300X": 6, "MI325X": 6, "MI350X": 8, "MI355X": 8},
    "HuggingFaceTB/SmolLM2-135M-Instruct": {"CPU": 2},
    "Qwen/Qwen3-235B-A22B": {"MI300X": 2, "MI325X": 2},
    "Qwen/Qwen3-32B": {"MI300X": 8, "MI325X": 8},
    "custom": {"MI300X": 2},
    "general": {
        **dict.fromkeys(("MI250X", "MI300X", "MI325X", "MI350X", "MI355X"), 8),
        **{"R9700": 4, "W7900": 2, "CPU": 2, "EPYC_9965": 1, "EPYC_ZEN4": 1, "EPYC_ZEN5": 1},
    },
    "meta-llama/Llama-3.1-405B-Instruct": {"MI300X": 6, "MI325X": 6},
    "meta-llama/Llama-3.1-8B-Instruct": {
        **{"EPYC_9965": 2, "EPYC_ZEN4": 2, "EPYC_ZEN5": 2},
        **{"MI300X": 8, "MI325X": 8},
    },
    "meta-llama/Llama-3.2-1B-Instruct": {"MI300X": 2, "MI325X": 2},
    "meta-llama/Llama-3.2-3B-Instruct": {"MI300X": 2, "MI325X": 2},
    "meta-llama/Llama-3.3-70B-Instruct": {"MI300X": 8, "MI325X": 8},
    "mistralai/Mistral-Small-3.2-24B-Instruct-2506": {"MI300X": 4, "MI325X": 4},
    "mistralai/Mixtral-8x22B-Instruct-v0.1": {"MI300X": 4, "MI325X": 4},
    "mistralai/Mixtral-8x7B-Instruct-v0.1": {"MI300X": 2, "MI325X": 2},
    "openai/gpt-oss-120b": {"MI250X": 6, "MI300X": 8, "MI325X": 8},
    "openai/gpt-oss-20b": {"MI250X": 8, "MI300X": 8, "MI325X": 8},
}

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
    rows = SEED.splitlines()
    theirs = [profile for profile in load_catalog([ROOT], COHERE).profiles if row(profile) in rows]
    assert [row(profile) for profile in theirs] == rows
    origins = [profile.origin for profile in theirs]
    assert origins == [*[Origin.CUSTOM_MODEL] * 2, *[Origin.MODEL] * 14, *[Origin.GENERAL] * 16]


def test_the_catalogue_has_these_profiles() -> None:
    found: dict[str, Counter[str]] = {}
    for profile in EVERY:
        folder = profile.path.parent.relative_to(ROOT)
        part = folder.parts[0] if folder.parts[0] in ("custom", "general") else folder.as_posix()
        found.setdefault(part, Counter())[profile.metadata.accelerator_model] += 1
    assert found == PROFILES
    assert set(AIM_IDS) == set(PROFILES) - {"custom", "general"}


def test_a_folder_of_profiles_is_an_aims() -> None:
    own = {each.path.parent for each in EVERY if each.origin is Origin.MODEL}
    assert own == {path.parent for path in AIM_FILES}


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
    # What the weights are called when they come as MXFP4, the one 4-bit float format of the catalogue.
    precision = "mxfp4" if metadata.precision is Precision.FP4 else metadata.precision
    # On a CPU the count is that of cores, and one process uses them all.
    width = 1 if metadata.accelerator_type is AcceleratorType.CPU else metadata.accelerator_count
    assert profile.stem == f"{metadata.engine}-{accelerator}-{precision}-tp{width}-{metadata.metric}"


@each_profile
def test_nothing_needs_to_change_for_the_target_version(profile: Profile) -> None:
    content = profile.content
    assert edits(content.engine_args, content.env_vars, TARGET_VERSION) == ()
    variables = {name for name in content.env_vars if name.startswith("VLLM_")}
    assert variables <= options_for(None).env_vars


@each_profile
def test_what_was_changed_is_true_of_the_profile(profile: Profile) -> None:
    content = profile.content
    assert content.evidence is not None
    changes = content.evidence.changes
    assert len(changes) == len(set(changes))
    has = {*content.engine_args, *content.env_vars}
    for change in changes:
        if " of AMD AIM" in change:
            continue
        key, done, *rest = change.partition(":")[0].split()
        if done == "dropped":
            assert key not in has, change
        elif done == "became":
            assert key not in has, change
            assert rest[0] in has, change
        else:
            assert change.startswith("tool-call-parser and reasoning-parser added: "), change
            assert {"tool-call-parser", "reasoning-parser"} <= has


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


def read_aim(path: Path) -> AimFile:
    found = read(path, AimFile)
    assert isinstance(found, AimFile), found
    return found


@pytest.mark.parametrize("path", AIM_FILES, ids=AIM_IDS)
def test_the_aim_knows_how_large_its_profiles_weights_are(path: Path) -> None:
    sizes = read_aim(path).weights.size_bytes
    # One size for every 16-bit format.
    asked = {
        Precision.BF16 if profile.metadata.precision is Precision.FP16 else profile.metadata.precision
        for profile in EVERY
        if profile.path.parent == path.parent
    }
    assert asked
    assert asked <= set(sizes)


@pytest.mark.parametrize("path", AIM_FILES, ids=AIM_IDS)
def test_the_sizes_agree_with_the_architecture(path: Path) -> None:
    aim = read_aim(path)
    for precision, size in aim.weights.size_bytes.items():
        # A vision tower, the norms, the biases and the router are left out of the calculation.
        assert calculated_bytes(aim, precision) == pytest.approx(size, rel=0.025)


# Bytes a weight: of attention and a dense network, and of experts. The embeddings keep 16 bits.
WIDTHS = {Precision.BF16: (2, 2), Precision.FP8: (1, 1), Precision.FP4: (2, 4.25 / 8)}


def calculated_bytes(aim: AimFile, precision: Precision) -> float:
    shape = {"moe_intermediate_size": aim.config["intermediate_size"], **aim.config}
    hidden, heads, shared = (
        shape[key] for key in ("hidden_size", "num_attention_heads", "num_key_value_heads")
    )
    attention = 2 * hidden * (heads + shared) * shape["head_dim"]
    experts = shape.get("num_experts") or shape.get("num_local_experts") or 0
    network = 3 * hidden * (shape["moe_intermediate_size"] if experts else shape["intermediate_size"])
    embeddings = shape["vocab_size"] * hidden * (1 if shape["tie_word_embeddings"] else 2)
    dense, expert = WIDTHS[precision]
    layer = attention * dense + (network * experts * expert if experts else network * dense)
    return float(shape["num_hidden_layers"] * layer + embeddings * 2)


@pytest.mark.parametrize("path", AIM_FILES, ids=AIM_IDS)
def test_the_heads_split_over_the_profiles_accelerators(path: Path) -> None:
    config = read_aim(path).config
    for profile in EVERY:
        metadata = profile.metadata
        if profile.path.parent == path.parent and metadata.accelerator_type is AcceleratorType.GPU:
            assert config["num_attention_heads"] % metadata.accelerator_count == 0, profile.id


@pytest.mark.parametrize("path", AIM_FILES, ids=AIM_IDS)
def test_the_layers_kinds_are_as_many_as_the_layers(path: Path) -> None:
    config = read_aim(path).config
    kinds = config.get("layer_types")
    assert (kinds is None) is (config["model_type"] != "gpt_oss")
    if kinds:
        assert kinds == ["sliding_attention", "full_attention"] * (config["num_hidden_layers"] // 2)
    assert ("sliding_window" in config) is (config["model_type"] in ("gpt_oss", "cohere2"))


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
