"""Which profile is right: rank the ones that pass, take the first, or say why there is none. Pure."""

from __future__ import annotations

from aim_runtime.errors import InvalidProfile, NoProfile, ProfileNotFound, did_you_mean
from aim_runtime.hardware.accelerator import Accelerator, Hardware
from aim_runtime.profiles.catalog import Catalog, Problem
from aim_runtime.profiles.choose import left
from aim_runtime.profiles.level_warnings import warnings
from aim_runtime.profiles.profile import Profile
from aim_runtime.profiles.ranking import ranked
from aim_runtime.profiles.selection import Selection, Verdict
from aim_runtime.settings import Settings
from aim_runtime.vocabulary import AcceleratorType, ProfileType, Standing, State

# The states of profiles worth naming when none is right, the nearest first.
_NEARNESS = (
    State.MEMORY_MISMATCH,
    State.INVALID,
    State.PRECISION_MISMATCH,
    State.METRIC_MISMATCH,
    State.GPU_MISMATCH,
)


def select(
    settings: Settings, catalog: Catalog, verdicts: tuple[Verdict, ...], hardware: Hardware
) -> Selection:
    """Choose a profile. Raises ProfileNotFound, InvalidProfile or NoProfile, each with what would help."""
    if settings.profile_id:
        return _explicit(settings, hardware, catalog, verdicts)
    compatible = ranked(verdicts, hardware)
    automatic = [verdict for verdict in compatible if verdict.automatic]
    if automatic:
        told = warnings(settings, automatic[0], compatible)
        return _selection(automatic[0], hardware, verdicts, told)
    manual = [each for each in compatible if each.profile.metadata.type is ProfileType.UNOPTIMIZED]
    if manual and settings.allow_unoptimized:
        why = "taken because AIM_ALLOW_UNOPTIMIZED is set and nothing better is right"
        warning = f"{manual[0].profile.id} is unoptimized; {why}"
        told = warnings(settings, manual[0], compatible)
        return _selection(manual[0], hardware, verdicts, (warning, *told))
    raise _none(settings, hardware, catalog, verdicts, compatible)


def find(profile_id: str, catalog: Catalog, aim: str | None, said: str = "") -> Profile | Problem:
    """The profile or broken file that an id names, or a stem: the first in search order, of `aim` first.

    Raises ProfileNotFound with the nearest id; `said` goes before the id in its words.
    """
    others = [profile for profile in catalog.profiles if profile.content.aim_id not in (None, aim)]
    ours = [profile for profile in catalog.profiles if profile.content.aim_id in (None, aim)]
    named: dict[str, Profile | Problem] = {}
    for problem in reversed(catalog.problems):
        named |= {problem.path.stem: problem}
    named |= {profile.stem: profile for profile in reversed([*ours, *others])}
    named |= {problem.id: problem for problem in catalog.problems}
    named |= {profile.id: profile for profile in catalog.profiles}
    if profile_id not in named:
        raise ProfileNotFound(
            f"{said}{profile_id}: no such profile{did_you_mean(profile_id, named)}",
            hint="see the ids with: aim-runtime list-profiles -v --skip-compatibility-check",
        )
    return named[profile_id]


def _explicit(
    settings: Settings, hardware: Hardware, catalog: Catalog, verdicts: tuple[Verdict, ...]
) -> Selection:
    """Take the profile that was asked for."""
    found = find(settings.profile_id or "", catalog, settings.aim, "AIM_PROFILE_ID=")
    if isinstance(found, Problem):
        raise InvalidProfile(f"the profile {settings.profile_id} is broken: {found.path}: {found.reason}")
    return _explicitly(next(each for each in verdicts if each.profile is found), hardware, verdicts)


def _explicitly(verdict: Verdict, hardware: Hardware, verdicts: tuple[Verdict, ...]) -> Selection:
    profile = verdict.profile
    first = next((each for each in verdict.objections if each.state is State.INVALID), None)
    if first:
        raise InvalidProfile(
            f"the profile {profile.id} would not start: {first.text}",
            hint=first.change or f"mend {profile.path}",
        )
    against = tuple(
        f"{profile.id} {reason}; taken because AIM_PROFILE_ID names it" for reason in verdict.reasons
    )
    level = verdict.level
    if level and level.standing is Standing.MISSES:
        against = (*against, f"{profile.id} {level.text}")
    return _selection(verdict, hardware, verdicts, against)


def _selection(
    verdict: Verdict, hardware: Hardware, verdicts: tuple[Verdict, ...], warnings: tuple[str, ...] = ()
) -> Selection:
    metadata = verdict.profile.metadata
    if metadata.accelerator_type is AcceleratorType.CPU:
        uses: tuple[Accelerator, ...] = (hardware.cpu,)
    else:
        uses = verdict.uses or hardware.gpus_of(metadata.accelerator_model)[: metadata.accelerator_count]
    return Selection(verdict.profile, uses, left(verdict, uses, hardware), verdicts, warnings)


def _none(
    settings: Settings,
    hardware: Hardware,
    catalog: Catalog,
    verdicts: tuple[Verdict, ...],
    compatible: list[Verdict],
) -> NoProfile:
    """Say why nothing was chosen, by the profiles that came nearest."""
    precision = f", {settings.precision}" if settings.precision else ""
    request = f"{settings.aim or 'this model'} ({settings.metrics}{precision})"
    what = f"no profile for {request} on {_summary(hardware, settings)}"
    if compatible:
        ids = ", ".join(verdict.profile.id for verdict in compatible)
        switch = _switch([verdict.profile for verdict in compatible])
        return NoProfile(
            f"{what}; {ids} would do, but must be asked for",
            hint=f"set {f'{switch}=true, or ' if switch else ''}AIM_PROFILE_ID to one of them",
        )
    near = nearest_misses(verdicts, hardware)
    lines = [f"{verdict.profile.id} {'; '.join(verdict.reasons)}" for verdict in _telling(near)]
    if not catalog.profiles:
        lines = ["the catalogue has no profiles"]
    change = next((verdict.change for verdict in near if verdict.change), "")
    see = "see every profile and what would make it run with: aim-runtime explain"
    return NoProfile(
        "\n  - ".join([what, *lines, *_broken(catalog.problems)]), hint=f"{change}; {see}" if change else see
    )


def _telling(near: list[Verdict]) -> list[Verdict]:
    """Three of the nearest, and among them the first that does not fit: the numbers say the most."""
    misfit = next((each for each in near if each.state is State.MEMORY_MISMATCH), None)
    first = [misfit] if misfit else []
    return [*first, *(each for each in near if each is not misfit)][:3]


def nearest_misses(verdicts: tuple[Verdict, ...], hardware: Hardware) -> list[Verdict]:
    """The profiles that fail, the one that the least would mend first."""
    near = [verdict for verdict in verdicts if verdict.objections and verdict.state in _NEARNESS]

    def key(verdict: Verdict) -> tuple[int, bool, int, bool, int, str]:
        metadata = verdict.profile.metadata
        model = metadata.accelerator_model
        on_cpu = not hardware.gpus and model in hardware.cpu.models  # with GPUs, the CPU is far off
        elsewhere = not on_cpu and not hardware.gpus_of(model)
        hopeless = not verdict.change
        return (
            len(verdict.objections),
            hopeless,
            _NEARNESS.index(verdict.state),
            elsewhere,
            metadata.accelerator_count,
            verdict.profile.id,
        )

    return sorted(near, key=key)


def _summary(hardware: Hardware, settings: Settings) -> str:
    if not hardware.gpus:
        asked = settings.accelerator_type is AcceleratorType.CPU or settings.accelerator_model
        if asked:
            return f"{hardware.cpu.model} ({hardware.source})"
        hidden = sorted({each.by for each in hardware.hidden})
        why = f" that {', '.join(hidden)} leaves" if hidden else ""
        return f"a machine without a GPU{why}"
    kinds: dict[str, int] = {}
    for gpu in hardware.gpus:
        kind = f"{gpu.model or gpu.name}{f' {gpu.partition.mode}' if gpu.partition else ''}"
        kinds[kind] = kinds.get(kind, 0) + 1
    counts = [f"{count} x {kind}" for kind, count in sorted(kinds.items())]
    wanted = settings.accelerator_count
    using = f", {wanted} of them asked for" if wanted and wanted != len(hardware.gpus) else ""
    return f"{', '.join(counts)} ({hardware.source}{using})"


def _switch(compatible: list[Profile]) -> str | None:
    """The variable that would let one of the profiles be taken; None where all must be named."""
    if any(profile.metadata.type is ProfileType.UNOPTIMIZED for profile in compatible):
        return "AIM_ALLOW_UNOPTIMIZED"
    manual = all(profile.metadata.manual_only for profile in compatible)
    return None if manual else "AIM_ALLOW_GENERAL_PROFILE_FALLBACK"


def _broken(problems: tuple[Problem, ...]) -> list[str]:
    return [f"{problem.path} is broken: {problem.reason}" for problem in problems]
