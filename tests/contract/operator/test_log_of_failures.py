"""What the operator makes of a failed container: of its last lines, and of its message of termination."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from operator_words import Seen, log_taken_for, taken_for
from running import COHERE, environment, run
from servers.hadro import hadro
from servers.s3 import S3Store, keys, write


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Store]:
    """A store whose bucket `models` has one object that is no model."""
    folder = tmp_path_factory.mktemp("store")
    with hadro(write(folder / "data", {"acme/chat/notes.txt": b"nothing"}), folder / "log") as running:
        yield running


@pytest.mark.servers
@pytest.mark.parametrize(
    ("form", "source", "wrong", "seen"),
    [
        ("text", "s3://models/acme/none", {}, Seen.MISSING),
        ("json", "s3://no-such-bucket/acme/chat", {}, Seen.MISSING),
        ("text", "s3://models/acme/chat", keys(key="AKIDOFNOBODY"), Seen.CLOSED),
        ("json", "s3://models/acme/chat", keys(secret="another"), Seen.CLOSED),
    ],
    ids=["no-such-key", "no-such-bucket", "unknown-key", "wrong-secret"],
)
def test_a_bucket_without_the_model_and_one_that_is_closed(
    form: str, source: str, wrong: dict[str, str], seen: Seen, store: S3Store, tmp_path: Path
) -> None:
    env = environment(tmp_path, AIM_LOG_FORMAT=form, **{**store.environment, **wrong})
    done = run("download-to-cache", "--model-id", source, env=env)
    assert (done.returncode, log_taken_for(done.stderr)) == (5, seen), done.stderr


@pytest.mark.parametrize(
    ("form", "says", "exit_code"),
    [
        ("text", {"AIM_ID": COHERE, "AIM_PROFILE_ID": "vllm-mi300x-fp16-tp3-latency"}, 4),
        ("json", {"AIM_ID": COHERE, "AIM_GPU_MODEL": "MI300X", "AIM_PRECISION": "int4"}, 4),
        ("text", {"AIM_ID": COHERE, "AIM_GPU_MODEL": "MI999"}, 2),
        ("json", {}, 2),
    ],
    ids=["unknown-profile", "nothing-right", "unknown-accelerator", "no-model"],
)
def test_a_service_without_a_profile_lacks_no_model(
    form: str, says: dict[str, str], exit_code: int, tmp_path: Path
) -> None:
    message = tmp_path / "termination-log"
    message.touch()
    more = {"AIM_LOG_FORMAT": form, "AIM_TERMINATION_LOG": str(message), "AIM_RECORD_PATH": "", **says}
    done = run("serve", env=environment(tmp_path, **more))
    assert done.returncode == exit_code, done.stderr
    assert log_taken_for(done.stderr) is None, done.stderr
    assert message.read_text().strip()
    assert taken_for(message.read_text()) is None
