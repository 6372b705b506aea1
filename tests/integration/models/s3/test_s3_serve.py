"""`serve` with weights at a store: fetched once and then served without it, or refused with exit code 5."""

from __future__ import annotations

from pathlib import Path

import pytest

from integration.models.s3.support import below, model
from running import FAKE_ENGINE, environment, free_port, run, serving
from servers.moto import moto
from servers.s3 import SECRET, S3Store
from servers.seaweed import STRANGER

pytestmark = pytest.mark.servers


def for_serving(home: Path, given: dict[str, str]) -> dict[str, str]:
    """The environment of a user who serves a model of the store by the stand-in for the engine."""
    engine = {"PYTHONPATH": str(FAKE_ENGINE), "FAKE_ENGINE_RECORD": str(home / "record.json")}
    asked = {"AIM_MODEL_ID": "s3://models/org/m", "AIM_ACCELERATOR_TYPE": "cpu", "AIM_PORT": str(free_port())}
    return environment(home, **engine, **asked, **given)


def test_the_store_is_needed_once(tmp_path: Path) -> None:
    with moto(tmp_path / "log") as store:
        store.put(below("org/m", model()))
        env = for_serving(tmp_path, store.environment)
        with serving(tmp_path, env) as service:
            service.wait_until_said("ready after", 30)
            assert "org/m is in the cache at" in service.said
            assert service.stop() == 0
    manifest = (tmp_path / "models/org/m/.aim-manifest.json").read_text()
    assert '"source": "s3://models/org/m"' in manifest
    assert SECRET not in manifest + service.said
    with serving(tmp_path, env) as service:  # the store is gone
        service.wait_until_said("ready after", 30)
        assert "nothing to fetch" in service.said
        assert service.stop() == 0


def test_keys_that_may_not_read(seaweed_store: S3Store, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(f"{STRANGER[1]}\n")
    given = {**seaweed_store.environment, "AWS_ACCESS_KEY_ID": STRANGER[0]}
    del given["AWS_SECRET_ACCESS_KEY"]
    given["AWS_SECRET_ACCESS_KEY_FILE"] = str(tmp_path / "secret")
    done = run("serve", env=for_serving(tmp_path, given))
    assert done.returncode == 5, done.stderr
    assert "the keys are good, but may not list s3://models" in done.stderr
    assert "s3:ListBucket on models" in done.stderr
    assert STRANGER[1] not in done.stdout + done.stderr
