"""Options that cannot both be meant: each is refused, with what to say instead."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from typing import Any

from aim_runtime.deploy.asked import Access, Autoscaler
from aim_runtime.errors import InvalidValue

# An option, what it needs, and what that is for.
_NEEDS = (
    ("hostname", "gateway", "the host name is the route's, and there is a route only from a Gateway"),
    ("endpoint_picker", "inference_pool", "the picker chooses within an InferencePool"),
)
# Options that do not go together, and why.
_AGAINST = (
    ("claim", "storage_class", "a claim that is there has its class"),
    ("no_cache", "claim", "without a cache no volume is mounted"),
    ("no_cache", "storage_class", "without a cache there is no volume claim"),
    ("no_cache", "access", "without a cache there is no volume to mount"),
    ("no_cache", "download", "without a cache there is nothing to fetch into"),
)


def refuse_contradictions(said: Mapping[str, Any], given: Set[str]) -> None:
    """Raise InvalidValue for the first of them; `given` are the options that the user named."""
    for message, hint in _found(said, given):
        raise InvalidValue(message, hint=hint)


def _found(said: Mapping[str, Any], given: Set[str]) -> Iterator[tuple[str, str]]:
    named = {name for name in given if said.get(name)}
    if said.get("cache") is False:
        named.add("no_cache")
    for option, other, why in _NEEDS:
        if option in named and other not in named:
            yield (
                f"{_dashed(option)} without {_dashed(other)}: {why}",
                (f"add {_dashed(other)}, or leave {_dashed(option)} out"),
            )
    for option, other, why in _AGAINST:
        if {option, other} <= named:
            yield (
                f"{_dashed(option)} with {_dashed(other)}: {why}",
                (f"leave {_dashed(option)} or {_dashed(other)} out"),
            )
    yield from _about_scaling(said, named)
    yield from _about_the_volume(said)


def _about_scaling(said: Mapping[str, Any], named: Set[str]) -> Iterator[tuple[str, str]]:
    by = said.get("autoscaler", Autoscaler.NONE)
    if by == Autoscaler.NONE:
        if "max_replicas" in named:
            yield (
                "--max-replicas without --autoscaler: nothing would add replicas",
                "add --autoscaler keda (or hpa), or say the number by --replicas",
            )
    elif said["replicas"] == 0:
        yield (
            f"--autoscaler {by} with --replicas 0: without an engine nothing says that requests wait",
            "use --replicas 1 or more with an autoscaler",
        )
    elif said["max_replicas"] < said["replicas"]:
        yield (
            f"--max-replicas {said['max_replicas']} is below --replicas {said['replicas']}",
            "with an autoscaler, --replicas is the fewest and --max-replicas the most",
        )
    if "prometheus" in named and by != Autoscaler.KEDA:
        yield (
            "--prometheus without --autoscaler keda: nothing else asks it",
            "add --autoscaler keda, or leave --prometheus out",
        )


def _about_the_volume(said: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    access, own = said.get("access"), not said.get("claim")
    if said.get("cache") is False:
        return
    if access == Access.ONE_NODE:
        for option, several in _several(said).items():
            if several:
                yield (
                    f"--access {access} with {option}: pods on other nodes could not mount the volume",
                    f"use --access {Access.MANY} (NFS, CephFS, Lustre, …), --no-cache, or one replica",
                )
    if access == Access.READ_MANY and own:
        yield (
            f"--access {access} without --claim: a new volume that nobody can write stays empty",
            "name a claim that has the weights by --claim",
        )
    if access == Access.READ_MANY and said.get("download"):
        yield (
            f"--access {access} with --download: the weights could not be written",
            "leave --download out: the claim must have the weights already",
        )


def _several(said: Mapping[str, Any]) -> dict[str, bool]:
    """What makes more than one pod at a time, and whether it was asked for."""
    by = said.get("autoscaler", Autoscaler.NONE)
    return {
        f"--replicas {said.get('replicas')}": said.get("replicas", 1) > 1,
        f"--autoscaler {by}": by != Autoscaler.NONE,
        "--surge": bool(said.get("surge")),
    }


def _dashed(option: str) -> str:
    return f"--{option.replace('_', '-')}"
