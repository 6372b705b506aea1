"""`aim-runtime profiles new`: a profile for a model of one's own, derived and with its reasons."""

from __future__ import annotations

import os
import shlex
from datetime import UTC, datetime
from pathlib import Path

import click

from aim_runtime.authoring.new import Draft, draft
from aim_runtime.authoring.new_text import text_of
from aim_runtime.cli import output
from aim_runtime.cli.environment import inherited, settings_with_warnings
from aim_runtime.errors import InvalidValue
from aim_runtime.settings import Settings
from aim_runtime.site import survey
from aim_runtime.variables import DEFAULT_PROFILES_PATH
from aim_runtime.vocabulary import AcceleratorType, Metric, Precision


@click.command(
    "new",
    epilog="""\b
Examples:
  aim-runtime profiles new --model-id org/model --accelerator-model MI300X
  aim-runtime profiles new --model-id org/model --metric throughput --output my-profiles
  aim-runtime profiles new --model-id org/model --accelerator-model MI325X --output - | less
""",
)
@click.option("--model-id", metavar="MODEL", help="The weights: org/model, hf://…, file:///…")
@click.option("--aim-id", metavar="ORG/MODEL", help="The name that selects the profile; else the model's.")
@click.option(
    "--accelerator-model", metavar="NAME", help="For this one, MI300X for example; else this machine's."
)
@click.option(
    "--accelerator-count", type=click.IntRange(min=1), help="How many; else the fewest that hold the model."
)
@click.option(
    "--precision",
    type=click.Choice([str(each) for each in Precision]),
    help="Of the weights; else as they are stored.",
)
@click.option(
    "--metric",
    type=click.Choice([str(each) for each in Metric]),
    help="What to tune for; else AIM_METRIC, or latency.",
)
@click.option(
    "--output", "root", metavar="DIR|-", help="Write below DIR, else AIM_PROFILES_PATH; - is stdout."
)
@click.option("--force", is_flag=True, help="Write over a file that is there.")
def command(
    model_id: str | None,
    aim_id: str | None,
    accelerator_model: str | None,
    accelerator_count: int | None,
    precision: str | None,
    metric: str | None,
    root: str | None,
    force: bool,
) -> None:
    """Write a custom profile for a model, derived from its size, its architecture and the accelerator.

    Each value has its reason beside it; nothing of it was measured. What is known of the model comes
    from the cache, the catalogue or its hub; what cannot be computed is left out and said. The options
    replace the variables of the same names (AIM_MODEL_ID, AIM_ACCELERATOR_MODEL, …).
    """
    given = {
        "AIM_MODEL_ID": model_id,
        "AIM_ID": aim_id,
        "AIM_ACCELERATOR_MODEL": accelerator_model,
        "AIM_ACCELERATOR_COUNT": accelerator_count,
        "AIM_PRECISION": precision,
        "AIM_METRIC": metric,
    }
    os.environ.update({name: str(value) for name, value in given.items() if value is not None})
    settings = settings_with_warnings()
    found = draft(settings, survey(settings, environment=inherited()), datetime.now(UTC).date())
    for text in found.unknown:
        output.warning(f"not computed: {text}")
    if root == "-":
        output.data(text_of(found).rstrip("\n"))
        return
    folder = Path(root).expanduser() if root else settings.profiles_path
    path = folder / found.path
    _write(path, text_of(found), force)
    output.data(str(path))
    output.words(_next(settings, found, folder))


def _write(path: Path, text: str, force: bool) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w" if force else "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise InvalidValue(f"{path}: there is such a file", hint="give --force to write over it") from error
    except OSError as error:
        raise InvalidValue(
            f"{path} cannot be written: {error.strerror}",
            hint="name a folder that you can write with --output, or print it with --output -",
        ) from error


def _next(settings: Settings, found: Draft, folder: Path) -> str:
    """The command that shows the profile's verdict, with what makes exactly this profile the right one."""
    metadata = found.content.metadata
    variables: dict[str, object] = {"AIM_ID": settings.aim, "AIM_MODEL_ID": settings.model_ref}
    if str(folder) != DEFAULT_PROFILES_PATH:
        variables["AIM_PROFILES_PATH"] = folder
    if settings.accelerator_model:
        variables["AIM_ACCELERATOR_MODEL"] = metadata.accelerator_model
    if settings.accelerator_type:
        variables["AIM_ACCELERATOR_TYPE"] = settings.accelerator_type
    if metadata.metric is not Metric.LATENCY:
        variables["AIM_METRIC"] = metadata.metric
    words = ""
    if metadata.accelerator_type is AcceleratorType.GPU:
        count = variables["AIM_ACCELERATOR_COUNT"] = metadata.accelerator_count
        words = (
            f"It uses {count} x {metadata.accelerator_model}. Where there are more, a profile for more of "
            f"them is taken first, unless AIM_ACCELERATOR_COUNT={count}.\n"
        )
    assigned = " ".join(f"{name}={shlex.quote(str(value))}" for name, value in variables.items())
    return f"{words}See how it is judged:\n  {assigned} aim-runtime explain {shlex.quote(found.profile_id)}"
