"""A service that is started to be measured: ready on free ports, ended with the block, its failure told."""

from __future__ import annotations

from pathlib import Path

import pytest
from serving_support import MODEL, children, fake_environment, gone

from aim_runtime.errors import AimError, InvalidValue, ServiceUnreachable
from aim_runtime.service.started import started
from aim_runtime.service.target import reach
from running import alive, free_port


def test_it_serves_until_the_block_ends(tmp_path: Path) -> None:
    env = fake_environment(tmp_path)
    phases: list[str] = []
    with started(env, tmp_path / "log", tell=lambda phase, percent: phases.append(phase)) as run:
        assert alive(run.pid)
        assert run.service.model == MODEL
        assert reach(run.service.api) == run.service
        assert run.status()["phase"] == "ready"
        assert 0 < run.seconds < 60
        engines = children(run.pid)
        assert engines
    assert phases[-1] == "ready"
    assert gone([run.pid, *engines])


def test_an_error_in_the_block_ends_it_too(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), started(fake_environment(tmp_path), tmp_path / "log") as run:
        _ = 1 // 0
    assert gone([run.pid])


@pytest.mark.parametrize(
    ("more", "code", "exit_code", "said"),
    [
        ({"AIM_METRIC": "latncy"}, "config.invalid_value", 2, "latncy"),
        ({"AIM_PROFILE_ID": "nonesuch"}, "profile.unknown", 4, "nonesuch"),
        ({"FAKE_ENGINE": "crash"}, None, 6, ""),
    ],
)
def test_a_failed_start_is_told_as_serve_tells_it(
    tmp_path: Path, more: dict[str, str], code: str | None, exit_code: int, said: str
) -> None:
    with pytest.raises(AimError) as failed, started(fake_environment(tmp_path, **more), tmp_path / "log"):
        pass
    assert failed.value.exit_code == exit_code
    assert said in failed.value.message
    assert code is None or failed.value.code == code


def test_what_is_not_a_service_is_told() -> None:
    with pytest.raises(ServiceUnreachable, match="nothing answers at"):
        reach(f"http://127.0.0.1:{free_port()}")
    with pytest.raises(InvalidValue, match="not the URL of a service"):
        reach("localhost:8000")
