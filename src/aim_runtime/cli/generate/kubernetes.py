"""`aim-runtime generate kubernetes`: a Deployment and what stands around it."""

from __future__ import annotations

from typing import Any

import click

from aim_runtime.cli import output
from aim_runtime.cli.generate.planning import AROUND, CACHING, NAMING, PLACING, asked, options, planned
from aim_runtime.deploy.documents import to_yaml
from aim_runtime.deploy.kubernetes.render import render


@click.command("kubernetes")
@options(NAMING, PLACING, CACHING, AROUND)
def command(engine_args: tuple[str, ...], **said: Any) -> None:
    """Write Kubernetes manifests that serve the plan."""
    wanted = planned(engine_args)
    output.data(to_yaml(render(wanted, asked(wanted, **said))))
