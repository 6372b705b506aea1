"""What `tune` says: a line for each step, with the time left, and what it came to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from aim_runtime.cli import output
from aim_runtime.cli.progress import duration
from aim_runtime.tune.outcome import Found
from aim_runtime.tune.search import Told
from aim_runtime.tune.session import Session
from aim_runtime.vocabulary import Metric

if TYPE_CHECKING:
    from rich.status import Status


class TuningView:
    """Says each step on stderr; `draws` where a person looks: what is under way stands below, in motion."""

    def __init__(self, *, draws: bool) -> None:
        self._draws = draws
        self._status: Status | None = None

    def show(self, told: Told) -> None:
        self.end()
        left = "" if told.left_s is None else f"[{duration(max(0.0, told.left_s))} left] "
        output.words(f"{left}{told.text}")
        if self._draws:
            from rich.console import Console  # only a terminal pays for this

            said = f"{told.trials} trials so far, Ctrl-C writes the best of them"
            self._status = Console(stderr=True).status(said)
            self._status.start()

    def end(self) -> None:
        """Leave the screen to others."""
        if self._status is not None:
            self._status.stop()
            self._status = None


def conclusion(found: Found, session: Session) -> str:
    """What was found, with the figures and the line that uses it."""
    return "\n".join(_lines(found, session))


def _lines(found: Found, session: Session) -> Iterator[str]:
    yield found.words
    for name, value in found.runs.figures.items():
        base = found.runs.baseline.get(name)
        if base:
            better = value / base if name.endswith("_per_s") else base / value
            yield f"  {name:28} {value:10.4g}   defaults {base:10.4g}   x {better:.2f}"
    if found.runs.problem and found.profile:
        yield f"  as in the search, not side by side: {found.runs.problem}"
    yield f"all trials and reasons: {session.folder / 'tune_results.json'}"
    if (page := session.folder / "tune_report.html").is_file():
        yield f"the last runs, drawn: {page}"
    if found.profile is None:
        return
    yield f"profile: {found.profile}"
    yield "serve by it:"
    yield f"  {_use(found.root, session)} aim-runtime serve"


def _use(root: Path, session: Session) -> str:
    settings = session.subject.settings
    variables: dict[str, object] = {"AIM_ID": settings.aim_id, "AIM_MODEL_ID": settings.model_ref}
    variables["AIM_PROFILES_PATH"] = root
    if settings.accelerator_type:
        variables["AIM_ACCELERATOR_TYPE"] = settings.accelerator_type
    if settings.metric is not Metric.LATENCY:
        variables["AIM_METRIC"] = settings.metric
    return " ".join(f"{name}={quote(str(value))}" for name, value in variables.items() if value)
