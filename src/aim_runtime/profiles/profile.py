"""A profile: one file of the catalogue, read once into frozen values and refused when wrong."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from aim_runtime.vocabulary import AcceleratorType, Feature, Metric, Origin, Precision, ProfileType


class Metadata(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """What a profile is for."""

    engine: str
    accelerator_type: AcceleratorType = AcceleratorType.GPU
    accelerator_model: Annotated[str, Meta(min_length=1)]
    accelerator_count: Annotated[int, Meta(ge=1)]
    precision: Precision
    metric: Metric
    type: ProfileType
    primary: bool = False
    manual_selection_only: bool | None = None
    variant: str | None = None
    features: list[Feature] = []
    capabilities: dict[str, bool] = {}

    def __post_init__(self) -> None:
        if len(self.features) > 1:
            raise ValueError("features has one of adapters and adapters-scale-only at most")

    @property
    def manual_only(self) -> bool:
        """Whether only `AIM_PROFILE_ID` can choose this profile; follows the type where it is not said."""
        if self.manual_selection_only is not None:
            return self.manual_selection_only
        return self.type is ProfileType.UNOPTIMIZED


class Evidence(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where a profile's settings and figures come from.

    `published` settings claim no measurement of ours; where figures were published with them, `reference`
    names the place. `measured` ones carry the figures, each named with its unit, and what they were
    measured on. `baseline` is the engine's defaults in the same run.
    `derived` ones were computed by the rules of `engine` on `date`, and `changes` says from what: they
    name nothing that could be taken for a measurement.
    """

    source: Literal["published", "measured", "derived"]
    release: str | None = None
    reference: str | None = None
    changes: list[str] = []
    engine: str | None = None
    machine: str | None = None
    model: str | None = None
    date: str | None = None
    workload: str | None = None
    figures: dict[str, float] = {}
    baseline: dict[str, float] = {}

    def __post_init__(self) -> None:
        if self.source == "published" and not self.release:
            raise ValueError("published evidence names a release")
        if self.source == "published" and self.figures and not (self.reference and self.machine):
            raise ValueError("published figures name a reference, where they were published, and a machine")
        if self.source == "published" and self.baseline:
            raise ValueError("published evidence has no baseline: that is of a run of one's own")
        if self.source == "measured" and self.reference:
            raise ValueError(
                "measured evidence names no reference: that is for figures that others published"
            )
        if self.source == "measured" and not (self.figures and self.engine and self.machine and self.date):
            raise ValueError("measured evidence has figures, engine, machine and date")
        if self.source == "derived" and (self._measured or not (self.engine and self.date)):
            raise ValueError("derived evidence has engine and date, and of the rest only changes")

    @property
    def _measured(self) -> bool:
        named = (self.release, self.reference, self.machine, self.model, self.workload)
        return any(named) or bool(self.figures or self.baseline)


class ProfileFile(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The content of a profile file, key by key."""

    aim_id: str | None = None
    model_id: str | None = None
    metadata: Metadata
    engine_args: dict[str, Any]
    env_vars: dict[str, str]
    evidence: Evidence | None = field(default=None)

    def __post_init__(self) -> None:
        if (self.aim_id is None) != (self.model_id is None):
            raise ValueError(
                "aim_id and model_id are both given (a model's profile) or both absent (general)"
            )


@dataclass(frozen=True)
class Profile:
    """A profile of the catalogue.

    `id` is what `AIM_PROFILE_ID` takes; `stem` the file's name without `.yaml`; `origin` the part of
    the catalogue it was read from.
    """

    id: str
    stem: str
    origin: Origin
    path: Path
    content: ProfileFile

    @property
    def metadata(self) -> Metadata:
        return self.content.metadata


# The 0.9 spelling of AIM profiles beside today's.
_OLD_KEYS = {"gpu": "accelerator_model", "gpu_count": "accelerator_count"}
_WORDS = ("engine", "accelerator_type", "precision", "metric", "type")


def todays_spelling(data: Any) -> Any:
    """Rewrite what older files spell otherwise: `gpu`, `gpu_count`, capital letters.

    Where both spellings of a key stand, today's wins.
    """
    if not isinstance(data, dict) or not isinstance(data.get("metadata"), dict):
        return data
    metadata = dict(data["metadata"])
    for old, new in _OLD_KEYS.items():
        if old in metadata:
            metadata.setdefault(new, metadata.pop(old))
            metadata.pop(old, None)
    for key in _WORDS:
        if isinstance(metadata.get(key), str):
            metadata[key] = metadata[key].casefold()
    if isinstance(metadata.get("accelerator_model"), str):
        metadata["accelerator_model"] = metadata["accelerator_model"].upper()
    return {**data, "metadata": metadata}
