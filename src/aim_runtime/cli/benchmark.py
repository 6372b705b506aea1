"""`aim-runtime benchmark`: put a load on a service and say what it does under it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click

from aim_runtime.bench import files
from aim_runtime.bench.asked import GRAMMAR, parse_points, read_suite
from aim_runtime.bench.generators import GENERATORS, choose
from aim_runtime.bench.machine import machine
from aim_runtime.bench.measure import KEY, POINT_WITHIN_S, measure_each
from aim_runtime.bench.result import Benchmark
from aim_runtime.bench.sample import Measured
from aim_runtime.bench.suites import SUITES, fitting, named
from aim_runtime.bench.workload import Suite
from aim_runtime.cli import measured, output
from aim_runtime.cli.environment import inherited, settings_from_environment
from aim_runtime.cli.format_option import format_option
from aim_runtime.cli.interrupts import interrupts
from aim_runtime.cli.limits import limits_of
from aim_runtime.cli.log import Log
from aim_runtime.cli.measuring import MeasuringView
from aim_runtime.errors import ToolMissing
from aim_runtime.models.events import Notice
from aim_runtime.service.started import started
from aim_runtime.service.target import Service, reach
from aim_runtime.slo import Slo


@click.command(
    "benchmark",
    epilog="""\b
Examples:
  AIM_ID=HuggingFaceTB/SmolLM2-135M-Instruct aim-runtime benchmark --suite smoke
  aim-runtime benchmark --service-url http://127.0.0.1:8000 --point 256/128x8 --point 256/128x32
  aim-runtime benchmark --service-url http://127.0.0.1:8000 --point 256/128@2/s:100 --slo 'ttft_p90_ms<=500'
  aim-runtime benchmark --config points.yaml --output-dir results --format ci
\b
Exit codes: 0 every point succeeded, 7 one did not, 130 interrupted; what was measured is written
in each case. Others: see aim-runtime --help.
""",
)
@click.option("--service-url", metavar="URL", help="A service that runs; else one is started and ended.")
@click.option("--suite", "suite_name", metavar="NAME", help=f"One of {', '.join(SUITES)}.")
@click.option("--point", "points", multiple=True, metavar="POINT", help=f"{GRAMMAR}; several are allowed.")
@click.option(
    "--config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Points in a YAML file; docs/benchmark.md has its form.",
)
@click.option(
    "--slo",
    metavar="LIMITS",
    help="Count the requests that keep these, for example 'ttft_p90_ms<=500'; else AIM_SLO.",
)
@click.option(
    "--generator", type=click.Choice(list(GENERATORS)), help="Who makes the load; else the first installed."
)
@click.option("--tokenizer", metavar="FOLDER", help="Folder or hub's name; else that of the served weights.")
@click.option(
    "--output-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help=f"Where {', '.join([*files.WRITERS, files.REPORT])} go.  [default: .]",
)
@click.option(
    "--timeout-seconds",
    type=click.FloatRange(0, min_open=True),
    default=POINT_WITHIN_S,
    show_default=True,
    help="How long one point may take.",
)
@click.option(
    "--startup-timeout",
    type=click.FloatRange(0),
    default=0,
    help="How long the start of a service may take, in seconds; 0, the default, is without a limit.",
)
@format_option(*measured.FORMATS, help_="ci is the same as json, in one line.")
def command(
    service_url: str | None,
    suite_name: str | None,
    points: tuple[str, ...],
    config: Path | None,
    slo: str | None,
    generator: str | None,
    tokenizer: str | None,
    output_dir: Path,
    timeout_seconds: float,
    startup_timeout: float,
    format_: str,
) -> int:
    """Measure a service under load: throughput and latencies at each point of a suite.

    Without --suite, --point or --config the profile decides: AIM_IM2 for one accelerator, AIM_IM1 for
    2, 4 or 8, smoke for a CPU, else default_opt. A service with a key gets that of VLLM_API_KEY.
    """
    asked = _suite(suite_name, points, config)
    settings = settings_from_environment()
    chosen = choose(generator, settings.engine_python)
    folder = files.prepare(output_dir)
    limits = limits_of(slo) or settings.slo
    environment = inherited()
    found: list[Measured] = []
    with Log(settings) as log, interrupts():
        view = MeasuringView(lambda text: log.report(Notice(text)), draws=sys.stderr.isatty())
        target, suite, interrupted = None, asked, False
        try:
            with _target(service_url, environment, folder, startup_timeout, view) as target:
                suite = asked or fitting(target.profile_id or environment.get("AIM_PROFILE_ID"))
                for each in measure_each(
                    target.service,
                    suite.points,
                    generator=chosen,
                    tokenizer=tokenizer,
                    environment=environment,
                    tell=view.show,
                    within_s=timeout_seconds,
                ):
                    found.append(each)
        except KeyboardInterrupt:
            interrupted = True
        finally:
            view.end()
        if target is None or suite is None or (interrupted and not found):
            log.report(Notice("stopped before anything was measured"))
            return 130
        result = target.result(suite, chosen.name, found, limits)
        written = files.write(result, folder, output.redact)
        try:
            written.append(files.write_report(result, folder, output.redact))
        except ToolMissing as error:  # the figures are there: a page of them is not worth a failure
            log.report(Notice(f"no {files.REPORT}: {error.message}; {error.hint}", grave=True))
        output.data(measured.FORMATS[format_](result, written))
        log.report(Notice(f"written: {', '.join(map(str, written))}"))
        if interrupted:
            log.report(Notice(f"stopped: {len(found)} of {len(suite.points)} points were measured"))
            return 130
    if not result.ok:
        raise measured.failure(result.points, target.log)
    return 0


@dataclass(frozen=True)
class _Target:
    """What is measured, and what is known of it."""

    service: Service
    profile_id: str | None = None
    engine: str | None = None
    started_s: float | None = None
    log: Path | None = None

    def result(self, suite: Suite, generator: str, found: list[Measured], slo: Slo | None) -> Benchmark:
        return Benchmark(
            service=self.service.url,
            model=self.service.model,
            profile_id=self.profile_id,
            engine=self.engine,
            machine=machine(),
            date=datetime.now(UTC).isoformat(timespec="seconds"),
            suite=suite.name,
            generator=generator,
            points=tuple(found),
            started_s=self.started_s,
            slo=slo,
        )


@contextmanager
def _target(
    url: str | None, environment: Mapping[str, str], folder: Path, ready_s: float, view: MeasuringView
) -> Iterator[_Target]:
    if url is not None:
        yield _Target(reach(url, environment.get(KEY)))
        return
    log = folder / files.SERVICE_LOG
    with started(environment, log, ready_s=ready_s, tell=view.starting) as run:
        plan = run.status()["plan"]
        engine = f"{plan['engine']['name']} {plan['engine']['version']}"
        view.end()
        yield _Target(run.service, plan["profile"]["id"], engine, run.seconds, log)


def _suite(name: str | None, points: tuple[str, ...], config: Path | None) -> Suite | None:
    if sum(map(bool, (name, points, config))) > 1:
        raise click.UsageError("--suite, --point and --config exclude each other")
    if name:
        return named(name)
    if points:
        return parse_points(points)
    return read_suite(config) if config else None
