"""What commands say when they fail, as the operator reads it: a missing source, a closed one, a full disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from aim_runtime import errors
from aim_runtime.errors import AccessDenied, AimError, ModelNotFound
from fakes.hub import write_model
from integration.hub import NO_HUB
from integration.models.support import StartHub
from operator_words import Seen, log_taken_for, taken_for
from running import environment, run
from unit.doctor.children import on_a_disk

MODEL, VERB = "acme/tiny", "download-to-cache"
FORMATS = ([], ["--error-format", "json"])


def test_kinds_with_a_heading_are_taken_for_what_they_are() -> None:
    assert taken_for(ModelNotFound("x").line) is Seen.MISSING
    assert taken_for(AccessDenied("x").line) is Seen.CLOSED
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, AimError)]
    assert {kind for kind in kinds if kind.heading} == {ModelNotFound, AccessDenied}
    assert AimError("a message").line == "a message"


@pytest.mark.parametrize("form", FORMATS, ids=["text", "json"])
def test_a_source_that_is_missing_or_closed(form: list[str], tmp_path: Path, start_hub: StartHub) -> None:
    hub = start_hub("--gated", "--token", "hf_mine")
    write_model(hub.root / MODEL)
    env = environment(tmp_path, HF_ENDPOINT=hub.endpoint)
    missing = run(*form, VERB, "--model-id", "acme/none", env=env)
    assert (missing.returncode, log_taken_for(missing.stderr)) == (5, Seen.MISSING), missing.stderr
    gated = run(*form, VERB, "--model-id", MODEL, env=env)
    assert (gated.returncode, log_taken_for(gated.stderr)) == (5, Seen.CLOSED), gated.stderr
    wrong = run(*form, VERB, "--model-id", MODEL, env={**env, "HF_TOKEN": "hf_other"})
    assert (wrong.returncode, log_taken_for(wrong.stderr)) == (5, Seen.CLOSED), wrong.stderr


@pytest.mark.parametrize("form", FORMATS, ids=["text", "json"])
def test_a_full_disk(form: list[str], tmp_path: Path, start_hub: StartHub) -> None:
    hub = start_hub()
    write_model(hub.root / MODEL, payload_bytes=4_000_000)
    env = environment(tmp_path, HF_ENDPOINT=hub.endpoint)
    cache = tmp_path / "models"
    cache.mkdir(exist_ok=True)
    full = on_a_disk(cache, "size=1m", lambda: run(*form, VERB, "--model-id", MODEL, env=env))
    assert (full.returncode, log_taken_for(full.stderr)) == (5, Seen.FULL), full.stderr


@pytest.mark.parametrize("form", FORMATS, ids=["text", "json"])
@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["dry-run"], {"AIM_PROFILE_ID": "no-such-profile", "AIM_ID": MODEL}),
        (["dry-run"], {"AIM_MODEL_ID": MODEL, "AIM_PRECISION": "fp3"}),
        (["dry-run"], {"AIM_MODEL_ID": MODEL, "AIM_GPU_MODEL": "MI999X"}),
        (["dry-run"], {"AIM_MODLE_ID": MODEL}),
        (["dry-run"], {"AIM_MODEL_ID": MODEL, "AIM_ENGINE_ARGS": '{"no-such-option": 1}'}),
        (["dry-run", "--no-such-option"], {}),
        ([VERB, "--model-id", MODEL], {}),
        ([VERB, "--model-id", "acme"], {}),
    ],
    ids=lambda value: "-".join([*value]) if isinstance(value, list) else ",".join(value),
)
def test_nothing_else_is_taken_for_one_of_these(
    args: list[str], said: dict[str, str], form: list[str], tmp_path: Path
) -> None:
    done = run(*form, *args, env={**environment(tmp_path, HF_ENDPOINT=NO_HUB), **said})
    assert done.returncode != 0
    assert log_taken_for(done.stderr) is None, done.stderr
