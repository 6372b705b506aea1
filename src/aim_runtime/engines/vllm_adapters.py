"""LoRA adapters for vLLM: which it can serve, and what it is started with for them.

Nothing is read here: what a look at the folder found comes in, arguments and variables go out. What the
user says by engine arguments stands. With no adapter in static mode LoRA stays off: switched on, it
costs speed (on AMD GPUs it turns AITER's fused experts off).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from aim_runtime.engines.adapting import Adapting
from aim_runtime.engines.launch import EnvironmentVariable, Layer
from aim_runtime.engines.vllm_memory import whole
from aim_runtime.models.adapter import Adapter, Adapters, Skipped
from aim_runtime.models.location import Location
from aim_runtime.profiles.profile import Profile
from aim_runtime.settings import AdapterSettings
from aim_runtime.vocabulary import AdapterMode, Feature, Origin

_ENABLE, _RANK, _MODULES = "enable-lora", "max-lora-rank", "lora-modules"
_LOAD, _UNLOAD = "/v1/load_lora_adapter", "/v1/unload_lora_adapter"
_RESOLVER = "lora_filesystem_resolver"
_FEATURES = f"features: [{Feature.ADAPTERS}]"
# Ways of initialising that leave the model's own weights as they are (vllm/lora/peft_helper.py).
_HARMLESS = frozenset(["gaussian", "eva", "orthogonal", "mica", "lora_ga"])
_HEADS = frozenset(["classifier", "score"])


@dataclass(frozen=True)
class Chosen:
    """What LoRA adds to a launch; `adapting` is None where it is off."""

    arguments: Mapping[str, Any] = field(default_factory=dict)
    layer: Layer = Layer.MACHINE
    variables: tuple[EnvironmentVariable, ...] = ()
    notes: tuple[str, ...] = ()
    adapting: Adapting | None = None


def choose_adapters(
    profile: Profile, location: Location, settings: AdapterSettings, looked: Adapters, said: Mapping[str, Any]
) -> Chosen:
    """Decide; `said` are the arguments of profile and user in their normal spelling."""
    feature, why_not = _allowed(profile, settings)
    if feature is None:
        return Chosen(notes=why_not)
    if said.get(_ENABLE) is False:
        return Chosen(notes=(f"{_ENABLE} is off by the arguments given: no adapter is served",))
    max_rank = whole(said.get(_RANK)) or settings.max_rank
    usable = refuse_unusable(looked, max_rank)
    only_static = feature is Feature.ADAPTERS_SCALE_ONLY
    mode = AdapterMode.STATIC if only_static else settings.mode
    notes = list(_notes(usable, settings, location))
    if only_static and settings.mode is AdapterMode.DYNAMIC:
        notes.append(f"AIM_ADAPTER_MODE=dynamic: the profile allows {feature}, so adapters are static")
    if mode is AdapterMode.STATIC and not usable.found:
        return Chosen(notes=tuple(notes))
    names = tuple(each.name for each in usable.found)
    arguments: dict[str, Any] = {
        _ENABLE: None,
        "max-loras": settings.max_count,
        "max-cpu-loras": settings.max_cpu_count,
        _RANK: settings.max_rank,
    }
    adapting = Adapting(looked.source, mode, names, settings.refresh_s, settings.max_cpu_count, max_rank)
    if mode is AdapterMode.STATIC:
        arguments[_MODULES] = [f"{each.name}={each.path}" for each in usable.found]
        if _MODULES in said:
            notes.append(f"{_MODULES} is given: it replaces the adapters of {looked.source}")
        return Chosen(arguments, Layer.MACHINE, (), tuple(notes), adapting)
    adapting = replace(adapting, load_path=_LOAD, unload_path=_UNLOAD)
    return Chosen(arguments, Layer.RUNTIME, tuple(_variables(looked)), tuple(notes), adapting)


def _allowed(profile: Profile, settings: AdapterSettings) -> tuple[Feature | None, tuple[str, ...]]:
    """What the profile allows; where it says nothing, whether the user may decide by naming the folder.

    A profile that ships for a model was made without adapters in mind unless it says so. A general one was
    made for no model in particular, and a custom one is the user's own.
    """
    features = profile.metadata.features
    if features:
        return features[0], ()
    if not settings.asked:
        return None, ()
    if profile.origin is not Origin.MODEL:
        return Feature.ADAPTERS, ()
    return None, (
        f"AIM_ADAPTER_SOURCE={settings.source}: no adapter is served, because the profile {profile.id} does "
        f"not say {_FEATURES}: name a general profile with AIM_PROFILE_ID, or mount a custom one that does",
    )


def _notes(usable: Adapters, settings: AdapterSettings, location: Location) -> Iterator[str]:
    if settings.asked and not usable.present and not usable.problem:
        yield f"AIM_ADAPTER_SOURCE={settings.source}: there is no such folder, so there are no adapters"
    if usable.problem:
        yield f"AIM_ADAPTER_SOURCE={usable.problem}: there are no adapters"
    yield from (each.words for each in usable.skipped)
    if len(usable.found) > settings.max_cpu_count:
        yield (
            f"{len(usable.found)} adapters, of which {settings.max_cpu_count} are in memory at once "
            "(AIM_ADAPTER_MAX_CPU_COUNT): the others are read again whenever they are asked for"
        )
    served = {name.rpartition("/")[2].casefold() for name in (location.model_id, *_sources(location))}
    for each in usable.found:
        base = each.base.rstrip("/").rpartition("/")[2]
        if base and base.casefold() not in served:
            yield f"the adapter {each.name} was trained for {each.base}, and {location.model_id} is served"


def _sources(location: Location) -> Iterator[str]:
    return (source.name for source in location.sources)


def _variables(looked: Adapters) -> Iterator[EnvironmentVariable]:
    why = "adapters come and go while the engine runs (AIM_ADAPTER_MODE=dynamic)"
    yield EnvironmentVariable("VLLM_ALLOW_RUNTIME_LORA_UPDATING", "True", Layer.RUNTIME, why)
    if looked.present:  # the resolver ends the engine where the folder is missing
        found = "an adapter is found by its name before the next look at the folder"
        yield EnvironmentVariable("VLLM_LORA_RESOLVER_CACHE_DIR", str(looked.source), Layer.RUNTIME, found)
        yield EnvironmentVariable("VLLM_PLUGINS", _RESOLVER, Layer.RUNTIME, found)


def refuse_unusable(looked: Adapters, max_rank: int) -> Adapters:
    """Move those that vLLM would refuse to the skipped ones: in static mode one of them ends the engine."""
    found, skipped = [], list(looked.skipped)
    for each in looked.found:
        reason = _against(each, max_rank)
        if reason:
            skipped.append(Skipped(each.name, reason))
        else:
            found.append(each)
    ordered = sorted(skipped, key=lambda each: each.name)
    return replace(looked, found=tuple(found), skipped=tuple(ordered))


def _against(adapter: Adapter, max_rank: int) -> str:
    rank = adapter.rank
    if rank is not None and rank > max_rank:
        return f"its rank {rank} is more than {max_rank}, the largest allowed (AIM_ADAPTER_MAX_RANK)"
    config = adapter.config
    missing = [key for key in ("r", "lora_alpha", "target_modules") if config.get(key) is None]
    if missing:
        return f"its adapter_config.json does not say {', '.join(missing)}, which vLLM asks for"
    return next((text for key, refused, text in _REFUSED if refused(config.get(key))), "")


def _foreign_heads(value: Any) -> bool:
    return bool(value) and not (isinstance(value, list) and _HEADS.issuperset(map(str, value)))


def _changes_the_model(value: Any) -> bool:
    return isinstance(value, str) and value.casefold() not in _HARMLESS


def _bias(value: Any) -> bool:
    return value not in (None, "none")


# What peft_helper.py of vLLM 0.32 refuses: key, which values, and the words for it.
_REFUSED: tuple[tuple[str, Callable[[Any], bool], str], ...] = (
    ("r", lambda value: not isinstance(value, int) or value < 1, "its rank r is not a number from 1"),
    ("use_dora", bool, "it is a DoRA adapter (use_dora), which vLLM does not have"),
    ("bias", _bias, "it has biases (bias), which vLLM does not have"),
    ("lora_bias", bool, "it has biases (lora_bias), which vLLM does not have"),
    ("modules_to_save", _foreign_heads, "it replaces whole modules (modules_to_save)"),
    ("init_lora_weights", _changes_the_model, "its training changed the model too (init_lora_weights)"),
    ("alora_invocation_tokens", bool, "it is an Activated LoRA, which vLLM does not have"),
    ("layer_replication", bool, "it repeats layers (layer_replication), which vLLM does not have"),
    ("use_bdlora", bool, "it is a block-diagonal LoRA, which vLLM does not have"),
    ("use_qalora", bool, "it is a QALoRA, which vLLM does not have"),
)
