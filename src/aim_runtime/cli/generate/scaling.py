"""The options of an autoscaler; some platforms have one kind of it only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from aim_runtime.deploy.asked import Autoscaler


def scaling(*kinds: Autoscaler) -> tuple[Callable[[Any], Any], ...]:
    """The options where these are there, the first of them where none is asked for."""
    return (
        click.option(
            "--autoscaler",
            type=click.Choice([str(each) for each in kinds]),
            default=str(kinds[0]),
            show_default=True,
            help="What adds and removes replicas by vLLM's queue.",
        ),
        click.option(
            "--max-replicas",
            type=click.IntRange(1),
            default=4,
            show_default=True,
            help="The most that the autoscaler may make of it.",
        ),
    )


# KServe, and the operator that makes its objects, know of KEDA and not of a HorizontalPodAutoscaler of ours.
SCALING = scaling(Autoscaler.NONE, Autoscaler.KEDA)
