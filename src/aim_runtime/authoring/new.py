"""Derive a custom profile for a model: what the memory arithmetic, the model and the accelerator say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from aim_runtime.authoring.count import choose_count
from aim_runtime.authoring.engine_version import EngineVersion, engine_version
from aim_runtime.authoring.precision import of_weights
from aim_runtime.authoring.reasoned import (
    Reasoned,
    collectives,
    context,
    of_accelerator,
    of_metric,
    spoken,
    values,
)
from aim_runtime.authoring.target import Target, target_of
from aim_runtime.engines import ENGINES
from aim_runtime.errors import MissingSetting
from aim_runtime.models.architecture import Architecture
from aim_runtime.models.ref import ModelRef
from aim_runtime.plan import architecture
from aim_runtime.profiles.fit import Fit, NotKnown, fit
from aim_runtime.profiles.profile import Evidence, Metadata, Profile, ProfileFile
from aim_runtime.settings import Settings
from aim_runtime.site import Site
from aim_runtime.vocabulary import Origin, Precision, ProfileType


@dataclass(frozen=True)
class Draft:
    """A profile that is not written yet.

    `path` is where it belongs below a root of the catalogue; `reasons` says by key why a value is what
    it is; `unknown` what could not be computed and why.
    """

    path: Path
    content: ProfileFile
    reasons: Mapping[str, str]
    unknown: tuple[str, ...]

    @property
    def profile_id(self) -> str:
        return self.path.with_suffix("").as_posix()


def draft(settings: Settings, site: Site, today: date) -> Draft:
    """Derive the profile that `settings` ask for.

    Raises MissingSetting without a model, InvalidValue for a precision that the weights do not have,
    HardwareError for an accelerator that is not known, and NoProfile where no count holds the model.
    """
    ref, target = _model_of(settings), target_of(settings, site.hardware)
    stored = of_weights(settings, site, ref)
    start = _Start(settings, site, ref, target, stored.precision)
    model = architecture(start.profile(1, {}, {}), settings, site)
    engine = engine_version(None, settings.engine_python)
    arguments: Reasoned = {**stored.arguments, **of_metric(settings, target, engine)}
    environment = of_accelerator(target)
    plain, variables = values(arguments), values(environment)
    choice = choose_count(
        model, target, settings.accelerator_count, lambda count: start.fit(model, count, plain, variables)
    )
    length, missing = context(choice, model)
    parsers, lacks = spoken(model, ref, plain, engine)
    arguments |= {**length, **parsers}
    environment |= collectives(target, choice.count)
    found = start.fit(model, choice.count, values(arguments), values(environment))
    evidence = _evidence(engine, model, found, today)
    profile = start.profile(choice.count, values(arguments), values(environment), evidence)
    reasons = {key: why for key, (_, why) in (*arguments.items(), *environment.items())}
    reasons["accelerator_count"] = choice.reason
    reasons["precision"] = stored.reason
    unknown = (*stored.unknown, *choice.unknown, *missing, *lacks)
    path = Path("custom", str(settings.aim), f"{profile.stem}.yaml")
    return Draft(path, profile.content, reasons, unknown)


def _model_of(settings: Settings) -> ModelRef:
    if settings.model_ref is None:
        raise MissingSetting(
            "no model was named: neither --model-id nor AIM_MODEL_ID is given",
            hint="give --model-id org/model",
        )
    return settings.model_ref


@dataclass(frozen=True)
class _Start:
    """What every profile that is tried has in common."""

    settings: Settings
    site: Site
    ref: ModelRef
    target: Target
    precision: Precision

    def profile(
        self,
        count: int,
        arguments: Mapping[str, Any],
        variables: Mapping[str, str],
        evidence: Evidence | None = None,
    ) -> Profile:
        target, settings = self.target, self.settings
        metadata = Metadata(
            engine=settings.engine,
            accelerator_type=target.type,
            accelerator_model=target.model,
            accelerator_count=count,
            precision=self.precision,
            metric=settings.metric,
            type=ProfileType.UNOPTIMIZED,
            manual_selection_only=False,
        )
        stem = f"{settings.engine}-{target.model.lower()}-{self.precision}-tp{count}-{settings.metric}"
        content = ProfileFile(
            aim_id=settings.aim,
            model_id=self.ref.model_id,
            metadata=metadata,
            engine_args=dict(arguments),
            env_vars=dict(variables),
            evidence=evidence,
        )
        return Profile(f"custom/{settings.aim}/{stem}", stem, Origin.CUSTOM_MODEL, Path(stem), content)

    def fit(
        self, model: Architecture, count: int, arguments: Mapping[str, Any], variables: Mapping[str, str]
    ) -> Fit | NotKnown:
        """The memory arithmetic under these arguments, and not under those of the user's session."""
        alone = replace(self.settings, engine_args={}, extra_args=(), engine_environment={})
        memory = self.target.memory_bytes
        profile = self.profile(count, arguments, variables)
        demand = ENGINES[alone.engine].demand(profile, alone, self.site.engine, model, memory)
        return fit(model, demand, memory, None)


def _evidence(engine: EngineVersion, model: Architecture, found: Fit | NotKnown, today: date) -> Evidence:
    memory = f"not computed: {found.reason}" if isinstance(found, NotKnown) else f"computed: {found.summary}"
    facts = f"facts of the model: {model.source}" if model.source else "no facts of the model were at hand"
    return Evidence(
        source="derived",
        engine=f"vLLM {engine.options.version}",
        date=today.isoformat(),
        changes=[facts, f"memory {memory}"],
    )
