"""The package outside the checkout: built, installed into fresh environments, run without an engine."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from running import COHERE, environment

pytestmark = pytest.mark.package
ROOT = Path(__file__).parents[2]
UV = Path(sys.executable).with_name("uv")


def fresh(home: Path, **more: str) -> dict[str, str]:
    """A user's environment in which uv trusts the certificates that the machine trusts, as pip does."""
    return environment(home, UV_SYSTEM_CERTS="true", **more)


def succeed(*command: str | Path, env: dict[str, str]) -> str:
    """Run a command and return what it printed; its whole output when it fails."""
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def interpreter(version: str) -> str | None:
    """Find a Python of a minor version: on the path, or among a version manager's."""
    candidates = [shutil.which(f"python{version}") or "", sys.executable]
    # Version managers keep their Pythons side by side.
    beside = Path(sys.base_prefix).parent
    candidates += [str(path) for path in sorted(beside.glob(f"{version}.*/bin/python"))]
    ask = "import sys; print('%d.%d' % sys.version_info[:2])"
    for candidate in filter(None, candidates):
        done = subprocess.run([candidate, "-c", ask], capture_output=True, text=True, check=False)
        if done.stdout.strip() == version:
            return candidate
    return None


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    env = fresh(folder)
    succeed(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT, env=env)
    (found,) = folder.glob("*.whl")
    return found


def test_the_wheel_carries_the_catalogue(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    shipped = sorted(path.relative_to(ROOT) for path in (ROOT / "catalog").rglob("*.yaml"))
    assert [path for path in shipped if f"aim_runtime/{path}" not in names] == []
    assert "aim_runtime/engines/vllm_args/0.32.0.json" in names
    assert "aim_runtime/py.typed" in names


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_installs_and_plans_without_an_engine(version: str, wheel: Path, tmp_path: Path) -> None:
    python = interpreter(version)
    if python is None:
        pytest.skip(f"no Python {version} on this machine")
    env = fresh(tmp_path, AIM_ID=COHERE, AIM_ACCELERATOR_MODEL="MI300X")
    succeed(UV, "venv", "--python", python, tmp_path / "venv", env=env)
    inside = {**env, "VIRTUAL_ENV": str(tmp_path / "venv")}
    succeed(UV, "pip", "install", wheel, env=inside)
    aim = tmp_path / "venv" / "bin" / "aim-runtime"
    assert "Usage: aim-runtime" in succeed(aim, "--help", env=env)
    assert len(succeed(aim, "list-profiles", env=env).splitlines()) > 32
    assert "exec vllm serve" in succeed(aim, "dry-run", "--format", "shell", env=env)


def test_uvx_from_a_checkout(tmp_path: Path) -> None:
    env = fresh(tmp_path)
    uvx = UV.with_name("uvx")
    assert "Usage: aim-runtime" in succeed(
        uvx, "--python", sys.executable, "--from", ".", "aim-runtime", "--help", env=env
    )
