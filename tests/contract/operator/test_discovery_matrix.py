"""AMD's operator discovers every profile that is shipped, and everything that a label recommends."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from aim_runtime.cli.render import plan_json
from aim_runtime.plan import make_plan
from aim_runtime.profiles.profile import Profile
from aim_runtime.settings import Settings
from aim_runtime.site import survey
from aim_runtime.vocabulary import AcceleratorType, Origin
from contract.operator.discovery import Discovered, discovered, variables
from contract.operator.image_labels import read_labels
from contract.operator.shipped import AIMS, ROOT, catalog, every_profile, labels_of, own

EVERY = every_profile()
Tree = Callable[[str], Path]


def job(environment: dict[str, str], machine: Path) -> Discovered:
    """What the operator reads of a Job on a node without a GPU: warnings, and then the plan."""
    settings = Settings.from_env({**environment, "AIM_HOST_ROOT": str(machine)})
    assert settings.aim is not None
    plan = make_plan(settings, survey(settings, environment={}, catalog=catalog(settings.aim)))
    said = "".join(f"warning: {text}\n" for text in plan.warnings)
    return discovered(f"{said}{plan_json(plan)}\n")


def asked_for(profile: Profile) -> dict[str, str]:
    metadata = profile.metadata
    return variables(
        profile_id=profile.stem if profile.origin is Origin.MODEL else profile.id,
        gpu=metadata.accelerator_model,
        count=metadata.accelerator_count,
        metric=metadata.metric,
        precision=metadata.precision,
    )


def test_every_file_of_the_catalogue_is_among_them() -> None:
    files = [path for path in ROOT.rglob("*.yaml") if path.name != "metadata.yaml"]
    # Custom profiles are found for every AIM, general ones too.
    assert sorted(profile.path for _, profile in EVERY) == sorted(files)


@pytest.mark.parametrize(
    ("says", "profile"), EVERY, ids=[each.path.relative_to(ROOT).as_posix() for _, each in EVERY]
)
def test_a_profile_comes_back_as_it_was_asked_for(says: dict[str, str], profile: Profile, tree: Tree) -> None:
    found, metadata = job({**says, **asked_for(profile)}, tree("no GPU")), profile.metadata

    assert found.filename == f"{profile.stem}.yaml"
    assert (found.gpu, found.gpu_count) == (metadata.accelerator_model, metadata.accelerator_count)
    assert (found.metric, found.precision) == (metadata.metric, metadata.precision)
    assert found.type == (metadata.type if profile.origin is not Origin.GENERAL else "unoptimized")
    assert found.manual_selection_only == metadata.manual_only
    assert found.env_vars == profile.content.env_vars
    assert found.engine_args == profile.content.engine_args
    assert found.models[0].name == (profile.content.model_id or says["AIM_MODEL_ID"].removeprefix("hf://"))
    assert found.models[0].source == f"hf://{found.models[0].name}"


@pytest.mark.parametrize("aim_id", AIMS)
def test_what_a_label_recommends_asks_for_its_profile(aim_id: str) -> None:
    """With the very variables that the test above gives a Job, and so with what comes back there."""
    deployments = read_labels(labels_of(aim_id)).deployments
    on_gpus = {
        each.stem: asked_for(each)
        for each in own(aim_id)
        if each.metadata.accelerator_type is AcceleratorType.GPU
    }
    assert bool(deployments) == bool(on_gpus), "no deployments, no templates"
    for each in deployments:
        wanted = variables(
            profile_id=each.profile_id,
            gpu=each.gpu,
            count=each.count,
            metric=each.metric,
            precision=each.precision,
        )
        assert wanted == on_gpus[each.profile_id]
        # A list that people keep says these in words as well.
        assert {each.metric, each.gpu, each.precision} <= set(each.description.split())
