"""What is compared to a baseline, and what is not."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from aim_runtime.errors import ConfigError, InvalidValue
from aim_runtime.evaluate.baseline import Baseline, comparable, compare, load
from aim_runtime.evaluate.paired import Verdict
from aim_runtime.evaluate.result import Evaluation
from aim_runtime.evaluate.scores import TaskScore

ANSWERS = {f"{number}-abc": float(number % 4 != 0) for number in range(100)}
TASK = TaskScore("facts", "acc", "none", "1", 0, ANSWERS)
SAID = Evaluation(
    model="acme/tiny",
    service_url="http://127.0.0.1:8000",
    profile_id=None,
    engine=None,
    backend="lm-eval 0.4.13",
    date="2026-11-25T00:00:00+00:00",
    seconds=1.0,
    question={"seed": 1},
    tasks=(TASK,),
)


@pytest.fixture
def baseline(tmp_path: Path) -> Baseline:
    path = tmp_path / "base.json"
    path.write_text(json.dumps(SAID.to_json()))
    return load(path)


def test_questions_are_compared_one_by_one(baseline: Baseline) -> None:
    # Five are lost and five others gained: the share is the same, the answers are not.
    changed = dict(ANSWERS)
    changed.update(
        {f"{number}-abc": float(number in (0, 4, 8, 12, 16)) for number in (0, 1, 2, 3, 4, 5, 7, 8, 12, 16)}
    )
    found = compare(baseline, (replace(TASK, answers=changed),), 0.05)
    assert (found.paired.only_new, found.paired.only_old, found.paired.difference) == (5, 5, 0)
    assert found.verdict is Verdict.CANNOT_TELL
    assert found.words.startswith(
        "cannot tell whether it is worse than the baseline by more than 5.0%: +0.0 points"
    )
    assert found.words.endswith(f"; about {found.to_json()['questions_to_tell']} questions would tell")


@pytest.mark.parametrize(
    ("task", "said"),
    [
        (replace(TASK, task="others"), "another tasks"),
        (replace(TASK, few_shot=5), "another num_fewshot of facts: 0, and now it is 5"),
        (replace(TASK, version="2"), "another version of facts"),
        (replace(TASK, metric="acc_norm"), "another metric of facts"),
        (replace(TASK, filter="strict-match"), "another filter of facts"),
        (replace(TASK, answers={"0-abc": 1.0}), "100, and 1 were asked now, 1 of them the same"),
        (
            replace(TASK, answers={key.replace("abc", "xyz"): 1.0 for key in ANSWERS}),
            "100, and 100 were asked now, 0 of them the same",
        ),
        (replace(TASK, answers=ANSWERS | {"1-abc": 0.5}), "partly right"),
    ],
)
def test_other_questions_are_not_compared(baseline: Baseline, task: TaskScore, said: str) -> None:
    with pytest.raises(InvalidValue, match=said):
        compare(baseline, (task,), 0.01)


def test_what_differs_is_told_before_anything_is_asked(baseline: Baseline) -> None:
    comparable(baseline, "acme/tiny", {"seed": 1}, other_model=False)
    comparable(baseline, "acme/tiny-int4", {"seed": 1}, other_model=True)
    with pytest.raises(InvalidValue, match="is of acme/tiny, and this service has acme/tiny-int4"):
        comparable(baseline, "acme/tiny-int4", {"seed": 1}, other_model=False)
    with pytest.raises(InvalidValue, match="another seed: 1, and now it is 2"):
        comparable(baseline, "acme/tiny", {"seed": 2}, other_model=False)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"model": "a", "question": {}, "tasks": {"a": {"answers": {"0": "x"}}}}']
)
def test_a_file_that_is_no_baseline(tmp_path: Path, text: str) -> None:
    path = tmp_path / "base.json"
    path.write_text(text)
    with pytest.raises(InvalidValue, match=r"base\.json is not the result of an evaluation"):
        load(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path / "nonesuch.json")


def test_the_share_of_several_tasks_is_that_of_all_their_questions() -> None:
    other = TaskScore("words", "exact_match", "none", "1", 5, dict.fromkeys(map(str, range(300)), 1.0))
    found = replace(SAID, tasks=(TASK, other))
    assert found.accuracy == (75 + 300) / 400
    assert [(check["name"], check["value"]) for check in found.checks()] == [
        ("accuracy", 0.9375),
        ("eval_facts", 0.75),
        ("eval_words", 1.0),
    ]
