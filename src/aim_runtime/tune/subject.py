"""What is tuned: the model on the accelerators of a plan, and what every trial of it has in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from msgspec.structs import replace as changed

from aim_runtime.engines import args
from aim_runtime.engines.vllm import options_for
from aim_runtime.errors import ProfileError
from aim_runtime.plan import Plan, make_plan
from aim_runtime.profiles.profile import Metadata, Profile, ProfileFile
from aim_runtime.settings import Settings
from aim_runtime.site import Site
from aim_runtime.tune.space import Configuration, Kind, Space
from aim_runtime.tune.spaces import space_for
from aim_runtime.vocabulary import Metric, ProfileType


@dataclass(frozen=True)
class Subject:
    """`arguments` and `variables` are held: every trial has them. `known` are profiles of the catalogue with
    what they set of the space; `reference` what of the space the engine's defaults are measured with;
    `users` the variables of the environment that went into all this.
    """

    settings: Settings
    site: Site
    plan: Plan
    space: Space
    metadata: Metadata
    arguments: Mapping[str, Any]
    variables: Mapping[str, str]
    reference: Configuration
    known: tuple[tuple[Profile, Configuration], ...]
    users: tuple[str, ...]

    def content(self, settings: Configuration, variant: str | None = None) -> ProfileFile:
        """The profile that serves by `settings`."""
        arguments, variables = dict(self.arguments), dict(self.variables)
        kinds = {knob.name: knob.kind for knob in self.space.knobs}
        for name, value in self.space.settled(settings).items():
            if kinds[name] is Kind.ARGUMENT:
                arguments[name] = value
            else:
                variables[name] = str(value)
        precision = self.space.precision(settings) or self.metadata.precision
        asked = self.settings.model_ref
        weights = asked.model_id if asked else self.plan.profile.content.model_id
        return ProfileFile(
            aim_id=self.settings.aim,
            model_id=weights or self.plan.location.model_id,
            metadata=changed(self.metadata, precision=precision, variant=variant),
            engine_args=arguments,
            env_vars=variables,
        )


def stem_of(about: Metadata) -> str:
    """The name of a tuned profile's file, without the variant."""
    count = 1 if about.accelerator_type == "cpu" else about.accelerator_count
    return f"{about.engine}-{about.accelerator_model.lower()}-{about.precision}-tp{count}-{about.metric}"


def subject_of(
    settings: Settings, site: Site, *, also: tuple[str, ...] = (), without: tuple[str, ...] = ()
) -> Subject:
    """What the settings ask to tune. Raises what a plan raises, and HardwareError where nothing is known.

    What the user gives the engine beside the profile is held, and no longer varied: a trial is measured
    as it will be served.
    """
    plan = make_plan(settings, site)
    options = options_for(site.engine)
    given = args.normal(settings.engine_args, options)
    whole = space_for(settings.engine, plan.selection.uses)
    surroundings = {
        name: value
        for name, value in settings.engine_environment.items()
        if name in whole.names | whole.held or name in plan.profile.content.env_vars
    }
    taken = {name for name in (*given, *surroundings) if name in whole.names}
    space = whole.only(also=also, without={*without, *taken})
    best = plan.profile

    def sets(profile: Profile) -> tuple[dict[str, Any], dict[str, str]]:
        content = profile.content
        return {**args.normal(content.engine_args, options), **given}, {**content.env_vars, **surroundings}

    arguments, variables = sets(best)
    space = space.fixing(whole.of(arguments, variables))
    alike = (each for each in _known(plan) if space.rest(whole.of(*sets(each))) == space.fixed)
    known = tuple((each, space.of(*sets(each))) for each in alike)
    reference = {name: value for name, value in space.of(arguments, variables).items() if name in whole.held}
    space = space.including([*(each for _, each in known), reference])
    about = best.metadata
    metadata = Metadata(
        engine=about.engine,
        accelerator_type=about.accelerator_type,
        accelerator_model=about.accelerator_model,
        accelerator_count=about.accelerator_count,
        precision=about.precision,
        metric=settings.metric,
        type=ProfileType.OPTIMIZED,
        features=about.features,
        capabilities=about.capabilities,
    )
    return Subject(
        settings=settings,
        site=site,
        plan=plan,
        space=space,
        metadata=metadata,
        arguments={name: value for name, value in arguments.items() if _held(name, space)},
        variables={name: value for name, value in variables.items() if _held(name, space)},
        reference=reference,
        known=known,
        users=tuple(sorted(surroundings)),
    )


def _held(name: str, space: Space) -> bool:
    """Whether a setting of the present profile goes into every trial: all that the space does not vary."""
    return name not in space.names or name in space.held


def _known(plan: Plan) -> list[Profile]:
    """The profiles that would be chosen for the metric and for the other one: both are worth a look."""
    found = [plan.profile]
    for metric in Metric:
        if metric is not plan.settings.metric and plan.settings.profile_id is None:
            try:
                other = make_plan(replace(plan.settings, metric=metric), plan.site).profile
            except ProfileError:
                continue
            if other.metadata.accelerator_count == plan.profile.metadata.accelerator_count:
                found.append(other)
    return found
