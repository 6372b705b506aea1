"""`aim-runtime evaluate` with the real lm-eval, and a stand-in whose model errs as often as it is told to."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from serving_support import fake_environment, within

from integration.models.programs import fake
from running import AIM, environment, free_port, run

TASKS = Path(__file__).parents[2] / "src/aim_runtime/evaluate/tasks"
QUESTIONS = 40
CHAT = "model_type: local-chat-completions\nmax_retries: 1\n"
# Of the 40 questions 3 are too hard; a model that lost its quality answers every fifth wrongly too.
HARD = (1, 7, 13)
DEGRADED = tuple(sorted({*HARD, *range(0, QUESTIONS, 5)}))
# What its own environment of lm-eval needs is beside the program that runs the tests.
pytestmark = pytest.mark.skipif(
    not AIM.with_name("lm_eval").exists(), reason="lm-eval is not installed: make evaluate"
)

Start = Callable[..., str]


@pytest.fixture(scope="module")
def start() -> Iterator[Start]:
    """Start models that err in these questions; they end with the module."""
    with ExitStack() as stack:

        def begin(wrong: tuple[int, ...] = HARD, *more: str) -> str:
            arguments = [f"--wrong={number}" for number in wrong]
            port = stack.enter_context(
                fake("model_that_errs", str(TASKS / "answers.jsonl"), *arguments, *more)
            )
            return f"http://127.0.0.1:{port}"

        yield begin


@dataclass(frozen=True)
class Evaluated:
    code: int
    found: dict[str, Any]
    stdout: str
    stderr: str


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("evaluate")
    (folder / "settings.yaml").write_text(CHAT)
    return folder


def evaluate(home: Path, url: str, *more: str, into: str = "out", **env: str) -> Evaluated:
    done = run(*arguments(home, url, into), *more, env=environment(home, **env), timeout_s=120)
    found = json.loads(done.stdout) if done.stdout.startswith("{") else {}
    return Evaluated(done.returncode, found, done.stdout, done.stderr)


def arguments(home: Path, url: str, into: str) -> tuple[str, ...]:
    config = str(home / "settings.yaml")
    return (
        "evaluate",
        "--service-url",
        url,
        "--task",
        "aim_answers",
        "--config",
        config,
        "--output-dir",
        str(home / into),
    )


@pytest.fixture(scope="module")
def base(home: Path, start: Start) -> Path:
    """The answers of a model that knows all but the three hard ones."""
    path = home / "base.json"
    done = evaluate(home, start(), "--save-baseline", str(path), into="base")
    assert done.code == 0, done.stderr
    return path


def test_what_is_found_and_what_is_written(home: Path, base: Path) -> None:
    found = json.loads((home / "base/evaluate_results.json").read_text())
    assert found == json.loads(base.read_text())
    assert found["success"]
    assert found["summary"] == "92.5% of 40 questions right"
    (check,) = found["checks"]
    assert (check["name"], check["result_type"], check["value"]) == ("accuracy", "score", 0.925)
    answers = found["tasks"]["aim_answers"]["answers"]
    assert [number for number, right in enumerate(answers.values()) if not right] == list(HARD)
    (row,) = csv.DictReader((home / "base/accuracy_evaluation_results.csv").read_text().splitlines())
    assert (row["model"], row["metric"], row["value"]) == ("acme/knows", "exact_match", "0.925")
    assert json.loads((home / "base/accuracy_evaluation_results.json").read_text())[0]["value"] == 0.925
    own = json.loads((home / "base/evaluation_backend_results.json").read_text())
    assert own["results"]["aim_answers"]["exact_match,last-word"] == 0.925
    assert all(Path(path).is_file() for path in found["artifacts"])


def test_a_model_that_errs_more_is_found_worse(home: Path, base: Path, start: Start) -> None:
    done = evaluate(home, start(DEGRADED), "--baseline", str(base), "--output-format", "ci")
    assert done.code == 7
    assert "error: worse than the baseline by more than 1.0%: -20.0 points" in done.stderr
    comparison = done.found["metrics"]["comparison"]
    assert (comparison["gained"], comparison["lost"]) == (0, 8)
    assert comparison["interval_95"][1] < -0.01
    assert not done.found["success"]
    assert [check["success"] for check in done.found["checks"]] == [True, False]


def test_the_same_model_is_not_worse(home: Path, base: Path, start: Start) -> None:
    done = evaluate(home, start(), "--baseline", str(base), "--max-drop", "10", "--strict")
    assert done.code == 0
    assert done.found["metrics"]["comparison"]["verdict"] == "not worse"
    assert "asking: 40 of 40 requests" in done.stderr


def test_too_few_questions_cannot_tell_and_it_is_said_how_many_would(
    home: Path, base: Path, start: Start
) -> None:
    done = evaluate(home, start(), "--baseline", str(base), "--output-format", "table")
    assert done.code == 0
    assert "warning: cannot tell whether it is worse" in done.stderr
    # 1.96² times 99: where 1.96² / (n + 1.96²), the end of the interval of equal answers, is 1 %.
    assert "about 381 questions would tell" in done.stderr
    assert "aim_answers  exact_match         40         0  92.5%" in done.stdout


def test_what_is_not_the_same_is_not_compared(home: Path, base: Path, start: Start) -> None:
    url = start(HARD, "--model", "acme/other")
    other = evaluate(home, url, "--baseline", str(base))
    assert other.code == 2
    assert "is of acme/knows, and this service has acme/other" in other.stderr
    seed = evaluate(home, url, "--baseline", str(base), "--other-model", "--seed", "5")
    assert seed.code == 2
    assert "another seed: 1234, and now it is 5" in seed.stderr


def test_the_key_goes_to_the_service_and_nowhere_else(home: Path, start: Start) -> None:
    url, key = start(HARD, "--key", "sk-planted-4711"), "sk-planted-4711"
    done = evaluate(home, url, "--limit", "2", into="keyed", VLLM_API_KEY=key)
    assert done.code == 0, done.stderr
    written = [path for path in (home / "keyed").rglob("*") if path.is_file()]
    assert len(written) == 5
    assert not [path for path in written if key in path.read_text()]
    assert key not in done.stderr
    without = evaluate(home, url, "--limit", "2")
    assert without.code == 7
    assert "VLLM_API_KEY" in without.stderr


def test_a_service_that_fails_is_told_with_lm_evals_words(home: Path, start: Start) -> None:
    done = evaluate(home, start(HARD, "--broken"), "--limit", "1")
    assert done.code == 7
    assert "error: lm-eval ended with 1" in done.stderr
    assert "lm_eval.log" in done.stderr


def test_a_time_that_is_over_ends_it(home: Path, start: Start) -> None:
    done = evaluate(home, start(), "--timeout", "0.5")
    assert done.code == 7
    assert "was not done after 0.5 s" in done.stderr


def test_an_interruption_ends_lm_eval_with_it(home: Path, start: Start) -> None:
    command = [AIM, *arguments(home, start(), "stopped")]
    with subprocess.Popen(command, env=environment(home), stderr=subprocess.PIPE, text=True) as process:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        assert within(20, lambda: children.read_text().split())
        (child,) = map(int, children.read_text().split())
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "stopped before all was asked" in said
    assert not Path(f"/proc/{child}").exists()


@pytest.mark.parametrize(
    ("more", "code", "said"),
    [
        (("--task", "nonesuch"), 7, "Tasks not found: nonesuch"),
        (("--baseline", "BROKEN"), 2, "is not the result of an evaluation"),
        (("--model", "acme/nonesuch"), 2, "does not serve acme/nonesuch"),
        (("--output-dir", "BROKEN"), 2, ""),
    ],
)
def test_what_is_asked_wrongly(home: Path, start: Start, more: tuple[str, str], code: int, said: str) -> None:
    (home / "broken.json").write_text("{}")
    done = evaluate(home, start(), more[0], more[1].replace("BROKEN", str(home / "broken.json")))
    assert done.code == code
    assert said in done.stderr


def test_lm_eval_that_is_not_there_is_told_with_the_line_that_installs_it(home: Path) -> None:
    done = evaluate(home, "http://127.0.0.1:1", AIM_EVAL_BACKEND_COMMAND="nonesuch")
    assert done.code == 7
    assert "lm-eval is not installed: there is no nonesuch" in done.stderr
    assert "make evaluate" in done.stderr


def test_a_service_that_is_not_there(home: Path) -> None:
    done = evaluate(home, f"http://127.0.0.1:{free_port()}")
    assert done.code == 7
    assert "nothing answers at" in done.stderr


def test_one_is_started_and_ended(tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_text(CHAT)
    out = tmp_path / "out"
    more = ("--config", str(tmp_path / "settings.yaml"), "--output-dir", str(out), "--output-format", "table")
    env = fake_environment(tmp_path)
    done = run("evaluate", "--task", "aim-answers", "--limit", "2", *more, env=env, timeout_s=120)
    assert done.returncode == 0, done.stderr
    assert "of 2 questions right" in done.stdout
    found = json.loads((out / "evaluate_results.json").read_text())
    assert (found["model"], found["profile_id"]) == ("acme/tiny", "general/vllm-cpu-bf16-tp1-latency")
    assert "ready after" in (out / "service.log").read_text()
