"""The deployments that an image recommends: the profiles from which AMD's operator makes its templates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from aim_runtime.errors import InvalidLabel
from aim_runtime.profiles.aim import AimFile, Deployment
from aim_runtime.profiles.profile import Metadata, Profile
from aim_runtime.vocabulary import AcceleratorType, Metric, Precision, ProfileType

FIELD = "recommendedDeployments"
APOSTROPHE = "\N{RIGHT SINGLE QUOTATION MARK}"
_TYPES, _PRECISIONS = [*ProfileType], [*Precision]


def recommended(aim: AimFile, profiles: Sequence[Profile]) -> list[dict[str, Any]]:
    """The deployments of the label, optimized ones first.

    What metadata.yaml lists comes with the profile that it is of; a GPU that the list does not name gets
    the best profile of each metric. Profiles for a CPU are left out: the operator places by GPUs.
    Raises InvalidLabel where the list names what no profile is for.
    """
    ours = [each for each in profiles if each.metadata.accelerator_type is AcceleratorType.GPU]
    listed = aim.com.amd.aim.model.recommendedDeployments
    found = [(_resolved(aim, number, each, ours), each.description) for number, each in enumerate(listed)]
    named = {each.gpuModel for each in listed}
    found += [(best, "") for best in _best(ours) if best.metadata.accelerator_model not in named]
    found.sort(key=lambda each: _TYPES.index(each[0].metadata.type))
    return [_deployment(profile, description) for profile, description in found]


def _resolved(aim: AimFile, number: int, listed: Deployment, profiles: Sequence[Profile]) -> Profile:
    fitting = [profile for profile in profiles if _is_of(listed, profile)]
    where = f"{aim.aim_id}: {FIELD}[{number}] of metadata.yaml"
    if len(fitting) == 1:
        without_apostrophe(f"{where}: description", listed.description)
        return fitting[0]
    where = f"{where}, {_shown(listed)}"
    if fitting:
        raise InvalidLabel(
            f"{where}, is of several profiles: {', '.join(profile.stem for profile in fitting)}",
            hint="say which by profileId",
        )
    raise InvalidLabel(
        f"{where}, is of no profile for a GPU in the folder of the AIM",
        hint="add the profile, or mend the entry; see: aim-runtime list-profiles",
    )


def _is_of(listed: Deployment, profile: Profile) -> bool:
    metadata = profile.metadata
    return (
        (listed.gpuModel, listed.gpuCount, listed.metric)
        == (metadata.accelerator_model, metadata.accelerator_count, metadata.metric)
        and listed.precision in (None, metadata.precision)
        and listed.profileId in (None, profile.stem)
    )


def _shown(listed: Deployment) -> str:
    said = (listed.profileId, f"{listed.gpuCount} x {listed.gpuModel}", listed.precision, listed.metric)
    return " ".join(str(each) for each in said if each)


def _best(profiles: Sequence[Profile]) -> Iterator[Profile]:
    """Of each accelerator and metric the profile with most work in it, then the one of fewest GPUs."""

    def purpose(profile: Profile) -> tuple[str, Metric]:
        return profile.metadata.accelerator_model, profile.metadata.metric

    def order(profile: Profile) -> tuple[int, int, int, str]:
        of = profile.metadata
        return _TYPES.index(of.type), of.accelerator_count, _PRECISIONS.index(of.precision), profile.stem

    for _, same in groupby(sorted(profiles, key=purpose), purpose):
        yield min(same, key=order)


def _deployment(profile: Profile, description: str) -> dict[str, Any]:
    metadata = profile.metadata
    return {
        "gpuModel": metadata.accelerator_model,
        "gpuCount": metadata.accelerator_count,
        "precision": str(metadata.precision),
        "metric": str(metadata.metric),
        "profileId": profile.stem,
        "description": description or _described(metadata),
    }


def without_apostrophe(name: str, text: str) -> None:
    """AMD's operator makes every `'` a `"` before it reads the JSON, and would try again for ever."""
    if "'" in text:
        raise InvalidLabel(
            f"{name} has an apostrophe: {text!r}",
            hint=f"AMD's operator takes ' for a quote: leave it out, or write {APOSTROPHE}",
        )


def _described(metadata: Metadata) -> str:
    begin = "Optimized for" if metadata.type is ProfileType.OPTIMIZED else "For"
    return f"{begin} {metadata.metric} on {metadata.accelerator_model} using {metadata.precision} precision"
