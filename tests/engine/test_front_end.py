"""The real engine behind its front end in Rust: the same service, as far as the checks of `validate` go."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from aim_runtime.bench.result import from_json
from aim_runtime.engines.interpreter import interpreter
from aim_runtime.engines.vllm_frontend import program_in, refuses
from aim_runtime.service.target import Service as Target
from aim_runtime.tune.answers import ask, compare
from engine.conftest import NO_HUB, READY_WITHIN_S, Running
from running import SMOLLM2, environment, run, serving

pytestmark = pytest.mark.engine
WITHIN_S = 240


@pytest.fixture(scope="module")
def rust(smollm2: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    home = tmp_path_factory.mktemp("rust")
    env = environment(
        home,
        AIM_ID=SMOLLM2,
        AIM_MODEL_ID=str(Path(smollm2.env["AIM_CACHE_PATH"]) / SMOLLM2),
        AIM_PROFILE_ID="general/vllm-cpu-bf16-tp1-latency",
        AIM_ACCELERATOR_TYPE="cpu",
        HF_ENDPOINT=NO_HUB,
        VLLM_USE_RUST_FRONTEND="1",
    )
    with serving(home, env) as service:
        service.wait_until_said("ready after", READY_WITHIN_S)
        yield Running(service, env)


def test_every_check_passes(rust: Running) -> None:
    assert json.loads(rust.service.get("/v1/models"))["data"][0]["owned_by"] == "vllm-frontend-rs"
    done = run("validate", "--service-url", rust.service.url, env=rust.env, timeout_s=WITHIN_S)
    assert done.returncode == 0, done.stdout


def test_its_lines_are_told_as_the_engines(rust: Running) -> None:
    assert "vllm.lib - INFO - OpenAI server is ready to accept requests" in rust.service.said
    assert "\x1b" not in rust.service.said


def test_the_load_generator_in_rust_measures(rust: Running, tmp_path: Path) -> None:
    point = ["--point", "32/16x2:4", "--generator", "vllm-rs", "--output-dir", str(tmp_path)]
    done = run(
        "benchmark", "--service-url", rust.service.url, *point, env=environment(tmp_path), timeout_s=WITHIN_S
    )
    assert done.returncode == 0, done.stderr
    found = from_json(json.loads((tmp_path / "benchmark_results.json").read_text()))
    assert (found.ok, found.generator) == (True, "vllm-rs")
    assert [(each.input_tokens, each.output_tokens) for each in found.points[0].samples] == [(32, 16)] * 4
    assert found.points[0].itl


def test_a_search_compares_its_answers(rust: Running, smollm2: Running) -> None:
    """It takes no list of prompts: each is asked alone."""
    reference = ask(Target(smollm2.service.url, SMOLLM2), {})
    found = compare(Target(rust.service.url, SMOLLM2), {}, reference)
    assert (found.of, found.against) == (12, "")
    assert found.nats is not None


def test_it_refuses_the_options_that_it_is_not_asked_with(smollm2: Running) -> None:
    program = program_in(interpreter(None).path)
    model = Path(smollm2.env["AIM_CACHE_PATH"]) / SMOLLM2
    switches = {"true", "1", "{}"}
    for option in sorted(refuses()):
        said = {
            subprocess.run(
                [str(program), "serve", str(model), "--python", "/bin/false", f"--{option}={value}"],
                capture_output=True,
                text=True,
                timeout=30,
                check=False,
            ).stderr
            for value in switches
        }
        assert any("not implemented in Rust frontend" in each for each in said), f"{option}: {said}"


def test_what_is_in_flight_is_answered_before_it_ends(rust: Running) -> None:
    """The last one: the service is gone afterwards."""
    client, ends = rust.client(), list[str | None]()

    def ask() -> None:
        answer = client.completions.create(
            model=SMOLLM2, prompt="Count: 1 2 3", max_tokens=150, stream=True, extra_body={"ignore_eos": True}
        )
        ends.extend(each.choices[0].finish_reason for each in answer if each.choices)

    asking = Thread(target=ask)
    asking.start()
    while not ends:
        asking.join(0.05)
    assert rust.service.stop() == 0
    asking.join(30)
    assert ends[-1] == "length"
