"""The options of an autoscaler on platforms that have one kind of it."""

from __future__ import annotations

import click

from aim_runtime.deploy.asked import Autoscaler

_KINDS = [str(Autoscaler.NONE), str(Autoscaler.KEDA)]
SCALING = (
    click.option(
        "--autoscaler",
        type=click.Choice(_KINDS),
        default=_KINDS[0],
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
