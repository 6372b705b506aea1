"""`serve` with TLS and with a key, with a stand-in for the engine."""

from __future__ import annotations

import json
import re
import ssl
import subprocess
import urllib.request
from pathlib import Path

import pytest

from integration.serving_support import MODEL, fake_environment
from running import free_port, run, serving
from servers.certificate import self_signed

KEY = "sk-planted-4711"


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return fake_environment(tmp_path)


def test_an_engine_that_speaks_tls_is_watched_and_told_of(env: dict[str, str], tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path)
    tls = {"ssl-certfile": str(certificate), "ssl-keyfile": str(key)}
    with serving(tmp_path, {**env, "AIM_ENGINE_ARGS": json.dumps(tls)}) as service:
        service.wait_until_said("ready after", 20)
        assert f"URL      https://localhost:{service.port}/v1" in service.said
        assert f"curl -sk https://localhost:{service.port}/v1/chat/completions" in service.said
        trust = ssl.create_default_context(cafile=str(certificate))
        url = f"https://127.0.0.1:{service.port}/v1/models"
        with urllib.request.urlopen(url, context=trust, timeout=10) as answer:
            assert MODEL.encode() in answer.read()
        assert service.stop() == 0


def test_an_engine_that_asks_its_clients_for_certificates_is_shown_its_own(
    env: dict[str, str], tmp_path: Path
) -> None:
    certificate, key = self_signed(tmp_path)
    tls = ["--ssl-certfile", str(certificate), "--ssl-keyfile", str(key)]
    clients = ["--ssl-cert-reqs", "2", "--ssl-ca-certs", str(certificate)]
    with serving(tmp_path, env, "--", *tls, *clients) as service:
        service.wait_until_said("ready after", 20)
        assert service.stop() == 0


def test_a_certificate_that_is_no_good_is_found_before_the_engine_starts(
    env: dict[str, str], tmp_path: Path
) -> None:
    certificate, _ = self_signed(tmp_path)
    port = str(free_port())
    for args, words in (
        (["--ssl-certfile", "absent.pem"], "command line: absent.pem cannot be read: No such file"),
        (["--ssl-certfile", str(certificate)], "has not both a certificate and its private key"),
        (["--ssl-keyfile", str(certificate)], "command line: ssl-keyfile "),
    ):
        done = run("serve", "--", *args, env={**env, "AIM_PORT": port})
        assert done.returncode == 2, done.stderr
        assert words in done.stderr
        assert "fix:" in done.stderr
    assert not Path(env["FAKE_ENGINE_RECORD"]).exists()


@pytest.mark.parametrize("by", ["arguments", "command line", "file"])
def test_a_key_reaches_the_engine_by_its_environment_alone(
    env: dict[str, str], tmp_path: Path, by: str
) -> None:
    (tmp_path / "key").write_text(KEY)
    given = {
        "arguments": {"AIM_ENGINE_ARGS": json.dumps({"api-key": KEY})},
        "command line": {},
        "file": {"VLLM_API_KEY_FILE": str(tmp_path / "key")},
    }[by]
    args = ["--", "--api-key", KEY] if by == "command line" else []
    with serving(tmp_path, {**env, **given}, *args) as service:
        service.wait_until_said("ready after", 20)
        assert service.stop() == 0
    seen = json.loads(Path(env["FAKE_ENGINE_RECORD"]).read_text())
    assert seen["env"]["VLLM_API_KEY"] == KEY
    assert [name for name, value in seen["env"].items() if KEY in value] == ["VLLM_API_KEY"]
    assert KEY not in " ".join(seen["argv"])
    assert KEY not in service.said
    assert re.search(r'try it .*-H "Authorization: Bearer \$VLLM_API_KEY"', service.said)


def test_without_a_key_none_is_shown(env: dict[str, str], tmp_path: Path) -> None:
    script = run("dry-run", "--format", "shell", env=env).stdout
    assert "VLLM_API_KEY" not in script
    checked = subprocess.run(["/bin/sh", "-n"], input=script, text=True, capture_output=True, check=False)
    assert checked.returncode == 0


def test_a_profile_that_carries_a_key_is_not_taken(env: dict[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "profiles/custom/general"
    folder.mkdir(parents=True)
    general = "metadata: {engine: vllm, accelerator_type: cpu, accelerator_model: CPU, accelerator_count: 1, "
    general += "precision: bf16, metric: latency, type: general}\n"
    (folder / "mine.yaml").write_text(f"{general}engine_args: {{api-key: {KEY}}}\nenv_vars: {{}}\n")
    env = {**env, "AIM_PROFILES_PATH": str(tmp_path / "profiles"), "AIM_PROFILE_ID": "custom/general/mine"}
    done = run("dry-run", env=env)
    assert done.returncode == 4
    assert "api-key: a secret has no place in a profile: set VLLM_API_KEY" in done.stderr
    assert KEY not in done.stdout + done.stderr
