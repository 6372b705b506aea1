"""What an evaluation found: in AIM 0.12's shape, and what a later one is compared to."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aim_runtime.evaluate.baseline import Comparison
from aim_runtime.evaluate.paired import Verdict
from aim_runtime.evaluate.scores import TaskScore

RESULT = "evaluate_results.json"
ACCURACY_JSON, ACCURACY_CSV = "accuracy_evaluation_results.json", "accuracy_evaluation_results.csv"
BACKEND = "evaluation_backend_results.json"


@dataclass(frozen=True)
class Evaluation:
    """`question` is what was asked and how: two evaluations are compared where theirs are the same."""

    model: str
    service_url: str
    profile_id: str | None
    engine: str | None
    backend: str
    date: str
    seconds: float
    question: Mapping[str, Any]
    tasks: tuple[TaskScore, ...]
    warnings: tuple[str, ...] = ()
    comparison: Comparison | None = None
    strict: bool = False

    @property
    def accuracy(self) -> float:
        """The share of right answers of all questions: a task counts by its size, as in lm-eval's groups."""
        answers = [value for task in self.tasks for value in task.answers.values()]
        return sum(answers) / len(answers)

    @property
    def questions(self) -> int:
        return sum(len(task.answers) for task in self.tasks)

    @property
    def success(self) -> bool:
        if self.comparison is None:
            return True
        verdict = self.comparison.verdict
        return verdict is not Verdict.WORSE and not (self.strict and verdict is Verdict.CANNOT_TELL)

    @property
    def summary(self) -> str:
        said = f"{self.accuracy:.1%} of {self.questions} questions right"
        return f"{said}; {self.comparison.words}" if self.comparison else said

    def checks(self) -> list[dict[str, Any]]:
        first = self.tasks[0]
        detail = f"{first.metric} of {first.task}" if len(self.tasks) == 1 else "all questions of all tasks"
        found = [_check("accuracy", "score", self.accuracy, detail, warnings=self.warnings)]
        if len(self.tasks) > 1:
            found += [
                _check(
                    f"eval_{task.task}",
                    "score",
                    task.value,
                    f"{task.metric} of {len(task.answers)} questions",
                )
                for task in self.tasks
            ]
        if self.comparison:
            found.append(
                _check(
                    "baseline",
                    "comparison",
                    self.comparison.paired.difference,
                    self.comparison.words,
                    success=self.success,
                )
            )
        return found

    def to_json(self, artifacts: tuple[str, ...] = ()) -> dict[str, Any]:
        """0.12's object, with what was asked and each answer beside it."""
        return {
            "success": self.success,
            "summary": self.summary,
            "checks": self.checks(),
            "metrics": {
                "accuracy": self.accuracy,
                "questions": self.questions,
                "evaluation_time_seconds": round(self.seconds, 1),
                **({"comparison": self.comparison.to_json()} if self.comparison else {}),
            },
            "artifacts": list(artifacts),
            "model": self.model,
            "service_url": self.service_url,
            "profile_id": self.profile_id,
            "engine": self.engine,
            "backend": self.backend,
            "date": self.date,
            "question": dict(self.question),
            "tasks": {
                task.task: {
                    "metric": task.metric,
                    "filter": task.filter,
                    "version": task.version,
                    "num_fewshot": task.few_shot,
                    "value": task.value,
                    "answers": dict(task.answers),
                }
                for task in self.tasks
            },
        }

    def rows(self) -> list[dict[str, Any]]:
        """One row a task, for the accuracy files."""
        return [
            {
                "model": self.model,
                "task": task.task,
                "metric": task.metric,
                "filter": task.filter,
                "num_fewshot": task.few_shot,
                "questions": len(task.answers),
                "value": task.value,
                "profile_id": self.profile_id,
                "date": self.date,
            }
            for task in self.tasks
        ]

    def csv(self) -> str:
        text = io.StringIO()
        rows = self.rows()
        writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        return text.getvalue()


def _check(
    name: str,
    kind: str,
    value: float,
    detail: str,
    *,
    success: bool = True,
    warnings: tuple[str, ...] = (),
) -> dict[str, Any]:
    return {
        "name": name,
        "result_type": kind,
        "success": success,
        "value": value,
        "detail": detail,
        "warnings": list(warnings),
        "skipped": False,
        "gating": name == "baseline",
    }
