"""`aim-runtime healthcheck`: one question to the service on this machine, answered by the exit code."""

from __future__ import annotations

import os

import click

from aim_runtime.cli import output
from aim_runtime.serving.healthcheck import Question, ask
from aim_runtime.settings import Settings


@click.command(
    "healthcheck",
    epilog="""\b
Examples:
  aim-runtime healthcheck
  aim-runtime healthcheck --live
  docker run --health-cmd 'aim-runtime healthcheck' …
  aim-runtime healthcheck --url http://127.0.0.1:8001/health/ready

\b
Exit codes: 0 yes, 2 usage or configuration, 7 no or no answer.
""",
)
@click.option(
    "--live", is_flag=True, help="Whether it works or still starts, instead of whether it is ready."
)
@click.option(
    "--url", metavar="URL", help="Ask this URL.  [default: the port that the variables of serve give]"
)
@click.option(
    "--timeout",
    "timeout_s",
    type=click.FloatRange(0, min_open=True),
    default=5.0,
    show_default=True,
    help="Seconds to wait for the answer.",
)
def command(live: bool, url: str | None, timeout_s: float) -> None:
    """Say whether the service in this container is ready: the probe of a container without curl.

    The management port is asked; where AIM_MANAGEMENT_PORT is empty, the engine's own port, which cannot
    tell a service that starts from one that hangs.
    """
    question = Question.to(url, live=live) if url else Question.by(Settings.from_env(os.environ), live=live)
    output.data(ask(question, timeout_s))
