"""What lm-eval wrote: the score of each task, and which of its questions were answered right."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aim_runtime.errors import EvaluationFailed

# The first of these that a task has is what it is known by.
HEADLINE = ("acc", "acc_norm", "accuracy", "exact_match")


@dataclass(frozen=True)
class TaskScore:
    """One task. `answers` has each question, by its number and hash, with whether it was answered right."""

    task: str
    metric: str
    filter: str
    version: str
    few_shot: int
    answers: Mapping[str, float]

    @property
    def value(self) -> float:
        return sum(self.answers.values()) / len(self.answers)


def read(folder: Path, preferred_filter: str) -> tuple[tuple[TaskScore, ...], dict[str, Any]]:
    """The tasks in order of their names, and the document of lm-eval. Raises EvaluationFailed."""
    try:
        (path,) = folder.glob("*/results_*.json")
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        tasks = tuple(
            _task(name, document, path.parent, preferred_filter) for name in sorted(document["configs"])
        )
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise EvaluationFailed(f"what lm-eval wrote cannot be read: {error!r}") from error
    return tasks, document


def _task(name: str, document: dict[str, Any], folder: Path, preferred_filter: str) -> TaskScore:
    found = [tuple(key.split(",", 1)) for key in document["results"][name] if "," in key]
    metric = next((each for each in HEADLINE if any(each == key[0] for key in found)), None)
    if metric is None:
        raise EvaluationFailed(
            f"{name} has no score that this knows: it has {', '.join(sorted({key[0] for key in found}))}",
            hint=f"one of {', '.join(HEADLINE)} is needed",
        )
    filters = [key[1] for key in found if key[0] == metric]
    chosen = preferred_filter if preferred_filter in filters else filters[0]
    answers: dict[str, float] = {}
    for path in folder.glob(f"samples_{name}_2*.jsonl"):
        with path.open(encoding="utf-8") as lines:
            for sample in map(json.loads, lines):
                if sample["filter"] == chosen:
                    answers[f"{sample['doc_id']}-{sample['doc_hash'][:16]}"] = float(sample[metric])
    if not answers:
        raise EvaluationFailed(f"{name} has no question")
    return TaskScore(
        name, metric, chosen, str(document["versions"][name]), int(document["n-shot"][name] or 0), answers
    )
