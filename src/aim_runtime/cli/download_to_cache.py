"""`aim-runtime download-to-cache`: the weights, whole and verified, before anything is to serve them."""

from __future__ import annotations

import json
from dataclasses import replace

import click

from aim_runtime.cli import output
from aim_runtime.cli.environment import inherited, settings_from_environment
from aim_runtime.cli.format_option import format_option
from aim_runtime.cli.log import stopped, working
from aim_runtime.errors import InvalidValue
from aim_runtime.models.layouts import Layout
from aim_runtime.models.ref import ModelRef
from aim_runtime.obtain import Weights, in_layout, obtain
from aim_runtime.parse import is_model_name
from aim_runtime.serve import Stopped
from aim_runtime.settings import Settings
from aim_runtime.site import cache_of, load_catalog_for
from aim_runtime.weights import locate_without_a_machine


@click.command(
    "download-to-cache",
    epilog="""\b
Examples:
  AIM_ID=HuggingFaceTB/SmolLM2-135M-Instruct aim-runtime download-to-cache
  aim-runtime download-to-cache --model-id hf://Qwen/Qwen3-32B@main
  aim-runtime download-to-cache --model-id s3://models/qwen3 --model-name Qwen/Qwen3-32B
  aim-runtime download-to-cache --model-id Qwen/Qwen3-32B --use-hf-cache --format json
\b
Exit codes: 0 the model is there, 5 it cannot be had, 130 and 143 stopped by a signal.
""",
)
@click.option(
    "--model-id", metavar="REFERENCE", help="The weights; without it those of AIM_MODEL_ID or AIM_ID."
)
@click.option(
    "--model-name",
    "--custom-model-name",
    "model_name",
    metavar="ORG/NAME",
    help="Keep and serve them under this name; without it AIM_CUSTOM_MODEL_NAME, or their own.",
)
@click.option(
    "--use-hf-cache",
    is_flag=True,
    help="Lay them out as huggingface_hub does, in hub/ of the cache, for other programs to find.",
)
@format_option("text", "json", help_="text is the folder alone; json is an object that says more.")
def command(model_id: str | None, model_name: str | None, use_hf_cache: bool, format_: str) -> int:
    """Fetch the weights into the cache and verify them; say which folder they are in.

    Needs no accelerator and no engine. What is there is not fetched again, and what a killed fetch left
    is gone on with.
    """
    settings = _settings(model_id, model_name)
    layout = Layout.HUB if use_hf_cache else Layout.FOLDER
    with working(settings) as (report, stop):
        try:
            # A copy in the user's own Hugging Face cache is not in this one, which others will mount.
            cache = replace(cache_of(settings), read_hub_at=None)
            location = locate_without_a_machine(settings, load_catalog_for(settings), cache, report)
            location = in_layout(location, cache, layout)
            weights = obtain(settings, location, cache, inherited(), report, layout)
        except Stopped:
            return stopped(settings, stop, "stopped; the next fetch goes on from here")
    output.data(json.dumps(_object(weights), indent=2) if format_ == "json" else str(weights.path))
    return 0


def _settings(model_id: str | None, model_name: str | None) -> Settings:
    settings = settings_from_environment()
    if model_name is not None and not is_model_name(model_name):
        raise InvalidValue(f"--model-name {model_name}: not a model name", hint="write ORG/NAME")
    return replace(
        settings,
        model_ref=ModelRef.parse(model_id) if model_id else settings.model_ref,
        custom_model_name=model_name or settings.custom_model_name,
    )


def _object(weights: Weights) -> dict[str, object]:
    return {
        "model": weights.model,
        "path": str(weights.path),
        "source": weights.source,
        "revision": weights.revision,
        "bytes": weights.size_bytes,
        "seconds": round(weights.seconds, 3),
        "already_there": weights.already_there,
    }
