"""An earlier evaluation, and whether this one is worse."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aim_runtime.errors import ConfigError, InvalidValue
from aim_runtime.evaluate.paired import Paired, Verdict
from aim_runtime.evaluate.scores import TaskScore


@dataclass(frozen=True)
class Baseline:
    """What an earlier evaluation asked of which model, and what was answered right, of each task."""

    path: Path
    model: str
    question: Mapping[str, Any]
    tasks: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Comparison:
    """`max_drop` as a share of the questions."""

    baseline: str
    paired: Paired
    max_drop: float

    @property
    def verdict(self) -> Verdict:
        return self.paired.verdict(self.max_drop)

    @property
    def words(self) -> str:
        low, high = self.paired.interval()
        said = (
            f"{self.verdict} than the baseline by more than {self.max_drop:.1%}"
            if self.verdict is not Verdict.CANNOT_TELL
            else f"cannot tell whether it is worse than the baseline by more than {self.max_drop:.1%}"
        )
        said += (
            f": {self.paired.difference * 100:+.1f} points (95 %: {low * 100:+.1f} to {high * 100:+.1f}) on "
            f"{self.paired.questions} questions, "
            f"{self.paired.only_new:g} gained and {self.paired.only_old:g} lost"
        )
        if self.verdict is Verdict.CANNOT_TELL:
            needed = self.paired.questions_to_tell(self.max_drop)
            said += (
                f"; about {needed} questions would tell" if needed else "; no number of questions would tell"
            )
        return said

    def to_json(self) -> dict[str, Any]:
        low, high = self.paired.interval()
        unsure = self.verdict is Verdict.CANNOT_TELL
        return {
            "baseline": self.baseline,
            "verdict": str(self.verdict),
            "difference": self.paired.difference,
            "interval_95": [low, high],
            "max_drop": self.max_drop,
            "questions": self.paired.questions,
            "gained": self.paired.only_new,
            "lost": self.paired.only_old,
            "questions_to_tell": self.paired.questions_to_tell(self.max_drop) if unsure else None,
        }


def load(path: Path) -> Baseline:
    """Read an evaluate_results.json. Raises ConfigError or InvalidValue."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        tasks = {str(name): task for name, task in found["tasks"].items()}
        for task in tasks.values():
            answers = task["answers"].values()
            if not all(isinstance(each, int | float) for each in answers):
                raise ValueError("an answer is neither right nor wrong")
        return Baseline(path, str(found["model"]), dict(found["question"]), tasks)
    except OSError as error:
        raise ConfigError(f"the baseline {path} cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidValue(
            f"{path} is not the result of an evaluation",
            hint="it is written by evaluate --save-baseline FILE",
        ) from error


def comparable(baseline: Baseline, model: str, question: Mapping[str, Any], other_model: bool) -> None:
    """Raise InvalidValue where another model was asked, or other things: before anything is asked."""
    if baseline.model != model and not other_model:
        raise InvalidValue(
            f"the baseline {baseline.path} is of {baseline.model}, and this service has {model}",
            hint="--other-model compares all the same: a quantised model to the one that it was made of",
        )
    for name, value in question.items():
        _same(baseline, name, baseline.question.get(name), value)


def compare(baseline: Baseline, tasks: Sequence[TaskScore], max_drop: float) -> Comparison:
    """Raise InvalidValue where the questions are not the same, or not answered by right or wrong."""
    _same(baseline, "tasks", sorted(baseline.tasks), sorted(task.task for task in tasks))
    for task in tasks:
        earlier = baseline.tasks[task.task]
        for name, value in (
            ("version", task.version),
            ("num_fewshot", task.few_shot),
            ("metric", task.metric),
            ("filter", task.filter),
        ):
            _same(baseline, f"{name} of {task.task}", earlier.get(name), value)
        if earlier["answers"].keys() != task.answers.keys():
            both = len(earlier["answers"].keys() & task.answers.keys())
            raise InvalidValue(
                f"the baseline {baseline.path} has other questions of {task.task}: "
                f"{len(earlier['answers'])}, and {len(task.answers)} were asked now, {both} of them the same",
                hint="the same --limit, and the same data, are needed",
            )
        _right_or_wrong(task.task, [*earlier["answers"].values(), *task.answers.values()])
    pairs = [
        (value, baseline.tasks[task.task]["answers"][each])
        for task in tasks
        for each, value in task.answers.items()
    ]
    gained = sum(new > old for new, old in pairs)
    lost = sum(new < old for new, old in pairs)
    return Comparison(str(baseline.path), Paired(len(pairs), gained, lost), max_drop)


def _right_or_wrong(task: str, values: Iterable[float]) -> None:
    if any(value not in (0, 1) for value in values):
        raise InvalidValue(
            f"{task} has answers that are partly right, and only right and wrong ones can be compared"
        )


def _same(baseline: Baseline, what: str, before: object, now: object) -> None:
    if before != now:
        raise InvalidValue(
            f"the baseline {baseline.path} was made with another {what}: {before}, and now it is {now}",
            hint="ask the same, or make a new baseline by --save-baseline",
        )
