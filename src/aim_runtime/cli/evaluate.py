"""`aim-runtime evaluate`: how well a model answers, and whether it answers worse than before."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import click

from aim_runtime.cli import output
from aim_runtime.cli.columns import columns
from aim_runtime.cli.environment import inherited, settings_with_warnings
from aim_runtime.cli.evaluating import EvaluatingView
from aim_runtime.cli.interrupts import interrupts
from aim_runtime.cli.log import Log
from aim_runtime.errors import FileNotWritable, QualityDropped
from aim_runtime.evaluate import backend, baseline
from aim_runtime.evaluate.model import Served, look
from aim_runtime.evaluate.paired import Verdict
from aim_runtime.evaluate.result import ACCURACY_CSV, ACCURACY_JSON, BACKEND, RESULT, Evaluation
from aim_runtime.evaluate.run import LOG, Ran, evaluate, fitted
from aim_runtime.evaluate.settings import load
from aim_runtime.models.events import Notice
from aim_runtime.service.started import started
from aim_runtime.service.target import reach

_KEY = "VLLM_API_KEY"
_SERVICE_LOG = "service.log"


@click.command(
    "evaluate",
    epilog="""\b
Examples:
  AIM_ID=HuggingFaceTB/SmolLM2-135M-Instruct aim-runtime evaluate --task aim-smoke
  aim-runtime evaluate --service-url http://127.0.0.1:8000 --task gsm8k --save-baseline bf16.json
  aim-runtime evaluate --service-url http://127.0.0.1:8000 --task gsm8k --baseline bf16.json --max-drop 2
  aim-runtime evaluate --config evaluation.yaml --output-dir results --output-format ci
\b
Exit codes: 0 evaluated, and not found worse than the baseline; 7 worse, or not evaluated; 130
interrupted. docs/evaluate.md has the settings file, the tasks and the arithmetic.
""",
)
@click.option(
    "--service-url", "url", metavar="URL", help="A service that runs; else one is started and ended."
)
@click.option("--model", metavar="NAME", help="The name to ask by; else the service's first.")
@click.option(
    "--task",
    "tasks",
    multiple=True,
    metavar="NAME",
    help="A task of lm-eval, or aim-smoke, which needs no network. Repeatable. [default: gsm8k]",
)
@click.option(
    "--num-fewshot", type=click.IntRange(0), help="Examples before each question; else the task's own."
)
@click.option("--limit", type=click.IntRange(1), help="Only so many questions of each task.")
@click.option("--seed", type=click.IntRange(0), help="Seed of examples and answers. [default: 1234]")
@click.option("--tokenizer", metavar="FOLDER", help="Folder or hub's name; else that of the served weights.")
@click.option(
    "--config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Settings in a YAML file; options of the command line win.",
)
@click.option(
    "--baseline",
    "before",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help=f"Compare to this earlier {RESULT}, question by question.",
)
@click.option(
    "--max-drop",
    type=click.FloatRange(0, 100),
    default=1.0,
    show_default=True,
    metavar="POINTS",
    help="Percentage points that may be lost.",
)
@click.option("--strict", is_flag=True, help="Exit with 7 also where the questions are too few to tell.")
@click.option("--other-model", is_flag=True, help="The baseline is of another model, and that is meant.")
@click.option(
    "--save-baseline",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the result here too, to compare others to it.",
)
@click.option(
    "--output-dir",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help=f"Where {RESULT} and the files beside it go. [default: .]",
)
@click.option(
    "--timeout",
    type=click.FloatRange(0, min_open=True),
    metavar="SECONDS",
    help="How long the asking may take in all; no limit by default.",
)
@click.option(
    "--startup-timeout",
    type=click.FloatRange(0),
    default=0,
    metavar="SECONDS",
    help="How long the start of a service may take; 0, the default, is without a limit.",
)
@click.option(
    "--output-format",
    "format_",
    type=click.Choice(("json", "table", "ci")),
    default="json",
    show_default=True,
    help="ci is JSON in one line.",
)
def command(
    url: str | None,
    model: str | None,
    tasks: tuple[str, ...],
    num_fewshot: int | None,
    limit: int | None,
    seed: int | None,
    tokenizer: str | None,
    config: Path | None,
    before: Path | None,
    max_drop: float,
    strict: bool,
    other_model: bool,
    save_baseline: Path | None,
    folder: Path,
    timeout: float | None,
    startup_timeout: float,
    format_: str,
) -> int:
    """Ask a model the questions of a task with lm-eval, and say how many it answers right.

    With --baseline it is compared to an earlier evaluation on the same questions, and exits with 7 where
    it is worse than --max-drop allows, beyond what chance explains. A service with a key gets that of
    VLLM_API_KEY.
    """
    given = {
        "tasks": list(tasks) or None,
        "num_fewshot": num_fewshot,
        "limit": limit,
        "seed": seed,
        "tokenizer": tokenizer,
        "preferred_filter": os.environ.get("PREFERRED_METRIC_FILTER") or None,
    }
    asked = load(config, given)
    earlier = baseline.load(before) if before else None
    settings, environment = settings_with_warnings(), inherited()
    program = backend.find(environment)
    _writable(folder)
    with Log(settings) as log, interrupts(), tempfile.TemporaryDirectory(prefix="aim-evaluate-") as work:
        view = EvaluatingView(lambda text: log.report(Notice(text)), draws=sys.stderr.isatty())
        try:
            with _served(url, model, environment, folder, startup_timeout, view) as served:
                fit, said = fitted(asked, served)
                for each in said:
                    log.report(Notice(each))
                if earlier:
                    baseline.comparable(earlier, served.service.model, fit.question, other_model)
                ran = evaluate(
                    served, fit, program, environment, Path(work), folder / LOG, view.show, timeout
                )
        except KeyboardInterrupt:
            log.report(Notice("stopped before all was asked"))
            return 130
        finally:
            view.end()
        found = replace(ran.evaluation, warnings=said, strict=strict)
        if earlier:
            found = replace(found, comparison=baseline.compare(earlier, found.tasks, max_drop / 100))
        written = _write(found, ran, folder, save_baseline, environment)
        output.data(_FORMATS[format_](found, written))
        log.report(Notice(f"written: {', '.join(written)}"))
    if not found.success:
        raise _worse(found)
    if found.comparison and found.comparison.verdict is Verdict.CANNOT_TELL:
        output.warning(found.comparison.words)
    return 0


def _worse(found: Evaluation) -> QualityDropped:
    assert found.comparison is not None
    if found.comparison.verdict is Verdict.WORSE:
        hint = "take the profile or the weights that the baseline was made with, or allow more by --max-drop"
    else:
        hint = "ask more questions, or allow more by --max-drop"
    return QualityDropped(found.comparison.words, hint=hint)


@contextmanager
def _served(
    url: str | None,
    model: str | None,
    environment: Mapping[str, str],
    folder: Path,
    ready_s: float,
    view: EvaluatingView,
) -> Iterator[Served]:
    key = environment.get(_KEY) or None
    if url is not None:
        yield look(reach(url, key, model), key)
        return
    with started(environment, folder / _SERVICE_LOG, ready_s=ready_s, tell=view.starting) as run:
        view.end()
        service = reach(run.service.url, key, model or run.service.model)
        yield look(service, key, run.status()["plan"])


def _writable(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / LOG).touch()
    except OSError as error:
        raise _closed(folder, error) from error


def _write(
    found: Evaluation, ran: Ran, folder: Path, also: Path | None, environment: Mapping[str, str]
) -> tuple[str, ...]:
    accuracy = folder / (environment.get("ACCURACY_JSON_FILE") or ACCURACY_JSON)
    table = folder / (environment.get("ACCURACY_CSV_FILE") or ACCURACY_CSV)
    paths = (folder / RESULT, accuracy, table, folder / BACKEND, *((also,) if also else ()))
    names = tuple(map(str, paths))
    result = json.dumps(found.to_json(names), indent=2, ensure_ascii=False)
    texts = {
        folder / RESULT: result,
        accuracy: json.dumps(found.rows(), indent=2, ensure_ascii=False),
        table: found.csv().rstrip("\n"),
        folder / BACKEND: json.dumps(ran.document, indent=2, ensure_ascii=False),
        **({also: result} if also else {}),
    }
    for path, text in texts.items():
        try:
            path.write_text(f"{output.redact(text)}\n", encoding="utf-8")
        except OSError as error:
            raise _closed(path, error) from error
    return names


def _closed(path: Path, error: OSError) -> FileNotWritable:
    return FileNotWritable(
        f"{path} cannot be written: {error.strerror}", hint="name a place that this user may write"
    )


def _json(found: Evaluation, written: tuple[str, ...]) -> str:
    return json.dumps(_shown(found, written), indent=2, ensure_ascii=False)


def _ci(found: Evaluation, written: tuple[str, ...]) -> str:
    return json.dumps(_shown(found, written), ensure_ascii=False)


def _shown(found: Evaluation, written: tuple[str, ...]) -> dict[str, object]:
    """The result without each single answer: those are for the next comparison, in the file."""
    document = found.to_json(written)
    tasks = {
        name: {key: value for key, value in task.items() if key != "answers"}
        for name, task in document["tasks"].items()
    }
    return document | {"tasks": tasks}


def _table(found: Evaluation, _written: tuple[str, ...]) -> str:
    rows = [
        (task.task, task.metric, str(len(task.answers)), str(task.few_shot), f"{task.value:.1%}")
        for task in found.tasks
    ]
    lines = columns([("task", "metric", "questions", "examples", "right"), *rows], right=(2, 3, 4))
    return "\n".join([*lines, "", f"{found.model}: {found.summary}"])


_FORMATS = {"json": _json, "table": _table, "ci": _ci}
