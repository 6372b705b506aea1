"""Which profile is right: judge each one, rank the ones that pass, take the first. Pure."""

from __future__ import annotations

from aim_runtime.errors import InvalidProfile, NoProfile, ProfileNotFound, did_you_mean
from aim_runtime.hardware.accelerator import Hardware
from aim_runtime.models.architecture import Architecture
from aim_runtime.profiles.catalog import Catalog, Problem
from aim_runtime.profiles.fit import fit_weights
from aim_runtime.profiles.profile import Metadata, Profile
from aim_runtime.profiles.selection import Selection, Verdict
from aim_runtime.settings import Settings
from aim_runtime.vocabulary import AcceleratorType, ProfileType, State, place

# vLLM's own default where a profile does not say (0.32: vllm/config/cache.py).
_DEFAULT_UTILIZATION = 0.92
UNKNOWN_MODEL = Architecture()
# The states of profiles worth naming when none is right, the nearest first.
_NEARNESS = (
    State.MEMORY_MISMATCH,
    State.INVALID,
    State.PRECISION_MISMATCH,
    State.METRIC_MISMATCH,
    State.GPU_MISMATCH,
)


def judge(
    profile: Profile,
    settings: Settings,
    hardware: Hardware,
    problems: tuple[str, ...] = (),
    model: Architecture = UNKNOWN_MODEL,
) -> Verdict:
    """Hold a profile against the request and the machine; the state is the first test it fails.

    `problems` are the engine's own objections to the profile's arguments; `model` is what is known of
    the model at the profile's precision.
    """
    metadata = profile.metadata
    against: list[tuple[State, str]] = [(State.INVALID, problem) for problem in problems]
    if metadata.engine != settings.engine:
        against.append((State.ENGINE_MISMATCH, f"is for the engine {metadata.engine}, not {settings.engine}"))
    if metadata.metric is not settings.metric:
        against.append((State.METRIC_MISMATCH, f"is for {metadata.metric}, not {settings.metric}"))
    aim_id = profile.content.aim_id
    if aim_id is not None and aim_id != settings.aim:
        against.append((State.MODEL_MISMATCH, f"is for {aim_id}, not {settings.aim or 'any model'}"))
    against += [
        (State.GPU_MISMATCH, reason) for reason in _against_hardware(profile, settings, hardware, model)
    ]
    if settings.precision is not None and metadata.precision is not settings.precision:
        against.append((State.PRECISION_MISMATCH, f"is {metadata.precision}, not {settings.precision}"))
    against += [
        (State.MEMORY_MISMATCH, reason) for reason in _against_memory(profile, hardware, model.weights_bytes)
    ]
    state = against[0][0] if against else State.COMPATIBLE
    return Verdict(profile, state, tuple(reason for _, reason in against))


def _against_hardware(
    profile: Profile, settings: Settings, hardware: Hardware, model: Architecture
) -> list[str]:
    metadata = profile.metadata
    if metadata.accelerator_type is AcceleratorType.CPU:
        return _against_cpu(metadata, settings, hardware)
    available = len(hardware.gpus_of(metadata.accelerator_model))
    if not available:
        return [f"needs {metadata.accelerator_count} x {metadata.accelerator_model}, none here"]
    if settings.accelerator_count is not None and metadata.accelerator_count != settings.accelerator_count:
        return [f"uses {metadata.accelerator_count} accelerators, not {settings.accelerator_count}"]
    if metadata.accelerator_count > available:
        return [f"needs {metadata.accelerator_count} x {metadata.accelerator_model}, {available} available"]
    if not model.splits_over(metadata.accelerator_count):
        heads = (
            f"{model.attention_heads} attention heads ({model.key_value_heads or 'as many'} key-value heads)"
        )
        return [f"cannot spread {heads} over {metadata.accelerator_count} accelerators"]
    return []


def _against_cpu(metadata: Metadata, settings: Settings, hardware: Hardware) -> list[str]:
    if settings.accelerator_type is AcceleratorType.GPU:
        return ["is for the CPU, not a GPU"]
    if hardware.gpus:
        return ["is for the CPU; set AIM_ACCELERATOR_TYPE=cpu to use it on a machine with GPUs"]
    if metadata.accelerator_model != hardware.cpu.model:
        return [f"is for {metadata.accelerator_model}"]
    # No test of the count: for a CPU it is the number of cores that a profile recommends.
    return []


def _against_memory(profile: Profile, hardware: Hardware, weights_bytes: int | None) -> list[str]:
    """The weights must fit; where their size or the memory is not known, nothing is claimed."""
    on_cpu = profile.metadata.accelerator_type is AcceleratorType.CPU
    devices = (hardware.cpu,) if on_cpu else hardware.gpus_of(profile.metadata.accelerator_model)
    memory = min((device.memory_bytes for device in devices if device.memory_bytes), default=None)
    count = 1 if on_cpu else profile.metadata.accelerator_count
    fit = fit_weights(weights_bytes, memory, count, 1.0 if on_cpu else _utilization(profile))
    return [f"does not fit: {fit}"] if fit and not fit.fits else []


def _utilization(profile: Profile) -> float:
    """The share of a GPU's memory that the engine may use."""
    spelled = {key.replace("_", "-"): value for key, value in profile.content.engine_args.items()}
    given = spelled.get("gpu-memory-utilization", _DEFAULT_UTILIZATION)
    return float(given) if isinstance(given, int | float) else _DEFAULT_UTILIZATION


def _summary(hardware: Hardware) -> str:
    if not hardware.gpus:
        return "a machine without a GPU"
    models = sorted({gpu.model or gpu.name for gpu in hardware.gpus})
    counts = [
        f"{sum(gpu.model == model or gpu.name == model for gpu in hardware.gpus)} x {model}"
        for model in models
    ]
    return f"{', '.join(counts)} ({hardware.source})"


def rank(profile: Profile) -> tuple[int, int, int, int, str]:
    """Sort key, best first: the most accelerators, then search layer, precision, type, id."""
    metadata = profile.metadata
    count = metadata.accelerator_count if metadata.accelerator_type is AcceleratorType.GPU else 0
    return (
        -count,
        place(profile.origin),
        place(metadata.precision),
        place(metadata.type),
        profile.id,
    )


def select(
    settings: Settings, catalog: Catalog, verdicts: tuple[Verdict, ...], hardware: Hardware
) -> Selection:
    """Choose a profile. Raises ProfileNotFound, InvalidProfile or NoProfile, each with what would help."""
    if settings.profile_id:
        return _explicit(settings.profile_id, hardware, catalog, verdicts)
    compatible = sorted(
        (verdict.profile for verdict in verdicts if verdict.state is State.COMPATIBLE), key=rank
    )
    automatic = [profile for profile in compatible if _automatic(profile, settings)]
    if automatic:
        return _selection(automatic[0], hardware, verdicts)
    manual = [profile for profile in compatible if profile.metadata.type is ProfileType.UNOPTIMIZED]
    if manual and settings.allow_unoptimized:
        why = "taken because AIM_ALLOW_UNOPTIMIZED is set and nothing better is right"
        return _selection(manual[0], hardware, verdicts, (f"{manual[0].id} is unoptimized; {why}",))
    raise _none(settings, hardware, catalog, verdicts, compatible)


def _automatic(profile: Profile, settings: Settings) -> bool:
    if profile.metadata.manual_only:
        return False
    return settings.allow_general_profile_fallback or profile.metadata.type is not ProfileType.GENERAL


def _explicit(
    profile_id: str, hardware: Hardware, catalog: Catalog, verdicts: tuple[Verdict, ...]
) -> Selection:
    """Take the profile that was asked for: by id, or by stem where the search order decides."""
    ids = {profile.stem: profile for profile in reversed(catalog.profiles)}
    ids |= {profile.id: profile for profile in catalog.profiles}
    if profile_id in ids:
        return _explicitly(ids[profile_id], hardware, verdicts)
    for problem in catalog.problems:
        if problem.id == profile_id or problem.path.stem == profile_id:
            raise InvalidProfile(f"the profile {profile_id} is broken: {problem.path}: {problem.reason}")
    raise ProfileNotFound(
        f"AIM_PROFILE_ID={profile_id}: no such profile{did_you_mean(profile_id, ids)}",
        hint="see the ids with: aim-runtime list-profiles -v --skip-compatibility-check",
    )


def _explicitly(profile: Profile, hardware: Hardware, verdicts: tuple[Verdict, ...]) -> Selection:
    verdict = next(verdict for verdict in verdicts if verdict.profile is profile)
    if verdict.state is State.INVALID:
        raise InvalidProfile(
            f"the profile {profile.id} would not start: {verdict.reasons[0]}", hint=f"mend {profile.path}"
        )
    warnings = tuple(
        f"{profile.id} {reason}; taken because AIM_PROFILE_ID names it" for reason in verdict.reasons
    )
    return _selection(profile, hardware, verdicts, warnings)


def _selection(
    profile: Profile, hardware: Hardware, verdicts: tuple[Verdict, ...], warnings: tuple[str, ...] = ()
) -> Selection:
    if profile.metadata.accelerator_type is AcceleratorType.CPU:
        return Selection(profile, (hardware.cpu,), hardware.gpus, verdicts, warnings)
    uses = hardware.gpus_of(profile.metadata.accelerator_model)[: profile.metadata.accelerator_count]
    leaves = tuple(gpu for gpu in hardware.gpus if gpu not in uses)
    return Selection(profile, uses, leaves, verdicts, warnings)


def _none(
    settings: Settings,
    hardware: Hardware,
    catalog: Catalog,
    verdicts: tuple[Verdict, ...],
    compatible: list[Profile],
) -> NoProfile:
    """Say why nothing was chosen, by the profiles that came nearest."""
    request = f"{settings.aim or 'this model'} ({settings.metric})"
    what = f"no profile for {request} on {_summary(hardware)}"
    if compatible:
        ids = ", ".join(profile.id for profile in compatible)
        switch = _switch(compatible)
        return NoProfile(
            f"{what}; {ids} would do, but must be asked for",
            hint=f"set {f'{switch}=true, or ' if switch else ''}AIM_PROFILE_ID to one of them",
        )
    near = [verdict for verdict in verdicts if len(verdict.reasons) == 1 and verdict.state in _NEARNESS]
    near.sort(key=lambda verdict: _nearness(verdict, hardware))
    lines = [f"{verdict.profile.id} {verdict.reasons[0]}" for verdict in near[:3]]
    if not catalog.profiles:
        lines = ["the catalogue has no profiles"]
    return NoProfile(
        "\n  - ".join([what, *lines, *_broken(catalog.problems)]),
        hint="see every profile and its state with: aim-runtime list-profiles -v",
    )


def _switch(compatible: list[Profile]) -> str | None:
    """The variable that would let one of the profiles be taken; None where all must be named."""
    if any(profile.metadata.type is ProfileType.UNOPTIMIZED for profile in compatible):
        return "AIM_ALLOW_UNOPTIMIZED"
    manual = all(profile.metadata.manual_only for profile in compatible)
    return None if manual else "AIM_ALLOW_GENERAL_PROFILE_FALLBACK"


def _nearness(verdict: Verdict, hardware: Hardware) -> tuple[int, bool, int, str]:
    """Sort key for what to tell first: what one setting or the least more hardware would mend."""
    metadata = verdict.profile.metadata
    elsewhere = not hardware.gpus_of(metadata.accelerator_model)
    return (_NEARNESS.index(verdict.state), elsewhere, metadata.accelerator_count, verdict.profile.id)


def _broken(problems: tuple[Problem, ...]) -> list[str]:
    return [f"{problem.path} is broken: {problem.reason}" for problem in problems]
