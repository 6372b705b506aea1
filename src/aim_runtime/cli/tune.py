"""`aim-runtime tune`: search for the profile that serves a model best on this machine."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click

from aim_runtime.bench.generators import GENERATORS, choose
from aim_runtime.bench.measure import measure
from aim_runtime.cli import output
from aim_runtime.cli.environment import inherited, settings_with_warnings
from aim_runtime.cli.format_option import format_option
from aim_runtime.cli.interrupts import interrupts
from aim_runtime.cli.limits import limits_of
from aim_runtime.cli.space import space_text
from aim_runtime.cli.tuning import TuningView, conclusion
from aim_runtime.errors import InvalidValue, MissingSetting, did_you_mean
from aim_runtime.settings import Settings
from aim_runtime.site import survey
from aim_runtime.tune.goal import goal_for
from aim_runtime.tune.search import Budget
from aim_runtime.tune.session import Session
from aim_runtime.tune.spaces import space_for
from aim_runtime.tune.subject import Subject, subject_of
from aim_runtime.vocabulary import Metric

_MINUTES = 30.0


@click.command(
    "tune",
    epilog="""\b
Examples:
  AIM_ID=HuggingFaceTB/SmolLM2-135M-Instruct aim-runtime tune --dry-run
  AIM_ID=HuggingFaceTB/SmolLM2-135M-Instruct aim-runtime tune --metric throughput --minutes 30
  aim-runtime tune --trials 20 --slo 'ttft_p90_ms<=500' --output-dir my-search
  aim-runtime tune --vary disable-log-stats --hold block-size
\b
The same command again goes on with a search that was interrupted. Exit codes: 0 done, whether or not
something better was found; 130 interrupted, with the best so far written; others: aim-runtime --help.
""",
)
@click.option(
    "--metric", type=click.Choice([str(each) for each in Metric]), help="What to tune for; else AIM_METRIC."
)
@click.option(
    "--minutes",
    type=click.FloatRange(0, min_open=True),
    help="How long, the sessions before an interruption counted.  [default: 30, without --trials]",
)
@click.option("--trials", type=click.IntRange(1), help="How many configurations are started at most.")
@click.option(
    "--output-dir",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="The search's folder.  [default: aim-tune-<model>-<metric>]",
)
@click.option(
    "--write-to",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write the profile below DIR/custom, as AIM_PROFILES_PATH has it; else into the search's folder.",
)
@click.option("--slo", metavar="LIMITS", help="What must be kept: 'ttft_p90_ms<=500,tpot_p90_ms<=50'.")
@click.option(
    "--input-tokens", type=click.IntRange(1), default=128, show_default=True, help="Of each prompt."
)
@click.option(
    "--output-tokens", type=click.IntRange(2), default=64, show_default=True, help="Of each answer."
)
@click.option("--clients", type=click.IntRange(1), help="Requests at a time; else 1 or 32, by the metric.")
@click.option("--vary", "also", multiple=True, metavar="KNOB", help="Vary this too, whatever its price.")
@click.option("--hold", "without", multiple=True, metavar="KNOB", help="Leave this as the profile has it.")
@click.option(
    "--start-limit",
    type=click.FloatRange(0, min_open=True),
    metavar="SECONDS",
    help="Give up a start that takes longer; else 240, or twice that of the engine's defaults.",
)
@click.option(
    "--generator",
    type=click.Choice(list(GENERATORS)),
    help="Who makes the load; else vllm-rs where it is installed, else the first.",
)
@click.option("--tokenizer", metavar="FOLDER", help="Folder or hub's name; else that of the served weights.")
@click.option("--dry-run", is_flag=True, help="Print what would be varied and why; start nothing.")
@format_option("text", "json", help_="Of what is printed at the end; json is tune_results.json.")
def command(
    metric: str | None,
    minutes: float | None,
    trials: int | None,
    output_dir: Path | None,
    write_to: Path | None,
    slo: str | None,
    input_tokens: int,
    output_tokens: int,
    clients: int | None,
    also: tuple[str, ...],
    without: tuple[str, ...],
    start_limit: float | None,
    generator: str | None,
    tokenizer: str | None,
    dry_run: bool,
    format_: str,
) -> int:
    """Search for the profile that serves a model best on this machine, and write it with its evidence.

    Real services are started, one configuration after the other, and measured in turn with the best so far:
    the engine's defaults and the catalogue's profiles first. What the plan refuses is never started; what
    fails to start, or answers otherwise than the defaults do, is recorded with the reason.
    """
    if metric is not None:
        os.environ["AIM_METRIC"] = metric
    settings = _settings()
    environment = inherited()
    limits = limits_of(slo)
    subject = _subject(settings, environment, also, without)
    goal = goal_for(
        settings.metric, limits, input_tokens=input_tokens, output_tokens=output_tokens, clients=clients
    )
    folder = output_dir or Path(f"aim-tune-{str(settings.aim).replace('/', '--')}-{settings.metric}")
    if dry_run:
        output.data(space_text(subject, goal, as_json=format_ == "json"))
        return 0
    chosen = choose(generator, settings.engine_python, quick=True)
    view = TuningView(draws=sys.stderr.isatty())
    if minutes is None and trials is None:
        minutes = _MINUTES
    session = Session(
        subject=subject,
        goal=goal,
        budget=Budget(None if minutes is None else minutes * 60, trials),
        folder=folder,
        root=write_to,
        environment=environment,
        measure=partial(measure, generator=chosen, tokenizer=tokenizer, environment=environment),
        generator=chosen.name,
        today=datetime.now(UTC).date().isoformat(),
        tell=view.show,
        start_limit_s=start_limit,
    )
    with interrupts():
        try:
            found = session.run()
        finally:
            view.end()
    if found is None:
        output.words("stopped before anything was measured")
        return 130
    if format_ == "json":
        output.data((folder / "tune_results.json").read_text(encoding="utf-8").rstrip("\n"))
    else:
        output.data(conclusion(found, session))
    return 130 if found.interrupted else 0


def _settings() -> Settings:
    settings = settings_with_warnings()
    if settings.aim is None and settings.profile_id is None:
        raise MissingSetting(
            "no model was named: neither AIM_ID nor AIM_MODEL_ID is set", hint="set AIM_MODEL_ID=org/model"
        )
    return settings


def _subject(
    settings: Settings, environment: dict[str, str], also: tuple[str, ...], without: tuple[str, ...]
) -> Subject:
    site = survey(settings, environment=environment)
    subject = subject_of(settings, site, also=also, without=without)
    known = space_for(settings.engine, subject.plan.selection.uses).names
    for option, names in (("--vary", also), ("--hold", without)):
        for name in names:
            if name not in known:
                raise InvalidValue(
                    f"{option} {name}: no such knob{did_you_mean(name, known)}",
                    hint="see them all with: aim-runtime tune --dry-run",
                )
    return subject
