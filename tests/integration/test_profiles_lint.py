"""`aim-runtime profiles lint` and `profiles schema`, as an author runs them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from aim_runtime.profiles.catalog import shipped_root
from running import environment, run

GOOD = """\
aim_id: org/model
model_id: org/model
metadata:
  engine: vllm
  accelerator_type: gpu
  accelerator_model: MI300X
  accelerator_count: 1
  precision: fp16
  metric: latency
  type: optimized
engine_args:
  gpu-memory-utilization: 0.9
env_vars: {}
evidence:
  source: published
  release: AMD AIM 0.12
"""
NAME = "org/model/vllm-mi300x-fp16-tp1-latency.yaml"
LINE = re.compile(
    r"(?P<path>[^:]+):(?P<line>\d+):(?P<column>\d+): (?P<severity>error|warning): .+ \[[a-z-]+\]"
)


def write(folder: Path, text: str, name: str = NAME) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_a_good_file_is_silent_on_stdout(tmp_path: Path) -> None:
    done = run("profiles", "lint", str(write(tmp_path, GOOD)), env=environment(tmp_path))
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "1 file: 0 errors, 0 warnings\n"


def test_findings_are_lines_that_grep_and_editors_understand(tmp_path: Path) -> None:
    text = GOOD.replace("utilization: 0.9", "utilization: 0.9\n  swap-space: 4\n  max-modell-len: 1")
    path = write(tmp_path, text)
    done = run("profiles", "lint", str(tmp_path), "--engine-version", "0.32.0", env=environment(tmp_path))
    assert done.returncode == 4
    findings, fixes = done.stdout.splitlines()[::2], done.stdout.splitlines()[1::2]
    assert findings == [
        f"{path}:13:3: error: swap-space: vLLM removed it in 0.18.0 [gone-argument]",
        f"{path}:14:3: error: vLLM 0.32.0 has no option max-modell-len; did you mean max-model-len? "
        "[unknown-argument]",
    ]
    assert all(LINE.fullmatch(finding) for finding in findings)
    assert fixes[0] == f"  fix: aim-runtime profiles migrate {path} --engine-version 0.32.0"
    assert fixes[1].startswith("  fix: mend the name")
    assert done.stderr == "1 file: 2 errors, 0 warnings\n"


def test_the_fix_that_lint_names_mends_it(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD.replace("utilization: 0.9", "utilization: 0.9\n  swap-space: 4"))
    env = environment(tmp_path)
    done = run("profiles", "lint", str(path), "--engine-version", "0.32.0", env=env)
    command = done.stdout.splitlines()[1].removeprefix("  fix: aim-runtime ").split()
    assert run(*command, "--write", env=env).returncode == 0
    assert run("profiles", "lint", str(path), env=env).returncode == 0


def test_warnings_alone_exit_with_0(tmp_path: Path) -> None:
    done = run(
        "profiles", "lint", str(write(tmp_path, GOOD.partition("evidence")[0])), env=environment(tmp_path)
    )
    assert done.returncode == 0
    assert "warning: no evidence" in done.stdout
    assert done.stderr == "1 file: 0 errors, 1 warning\n"


def test_every_fault_of_every_file_is_listed_with_its_place(tmp_path: Path) -> None:
    write(tmp_path, GOOD.replace("fp16", "fp17").replace("latency", "speed"))
    write(tmp_path, "metadata: [\n", "general/broken.yaml")
    done = run("profiles", "lint", str(tmp_path), "--format", "json", env=environment(tmp_path))
    found = json.loads(done.stdout)
    assert done.returncode == 4
    assert [(each["rule"], each["severity"], each["line"]) for each in found] == [
        ("schema", "error", 2),
        ("schema", "error", 8),
        ("schema", "error", 9),
    ]
    assert all(set(each) == {"path", "line", "column", "severity", "rule", "text", "fix"} for each in found)


def test_json_without_findings_is_an_empty_list(tmp_path: Path) -> None:
    done = run("profiles", "lint", str(write(tmp_path, GOOD)), "--format", "json", env=environment(tmp_path))
    assert json.loads(done.stdout) == []


def test_a_version_that_is_not_on_file_is_said(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD.replace("env_vars: {}", "  attention-backend: X\nenv_vars: {}"))
    done = run("profiles", "lint", str(path), "--engine-version", "0.11.1", env=environment(tmp_path))
    assert done.returncode == 4
    assert "attention-backend: vLLM has it only from 0.13.0" in done.stdout
    assert "the options of vLLM 0.11.1 are not on file" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("nowhere",), "'nowhere' does not exist"),
        ((".", "--engine-version", "newest"), "--engine-version newest: not a version of vLLM"),
        (("empty",), "empty: no profile file in this folder"),
    ],
)
def test_wrong_usage_is_worded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    write(tmp_path, GOOD)
    done = run("profiles", "lint", *arguments, env=environment(tmp_path))
    assert done.returncode == 2
    assert says in done.stderr
    assert "fix:" in done.stderr


def test_without_a_path_the_mounted_folder_and_the_shipped_catalogue_are_looked_at(tmp_path: Path) -> None:
    write(tmp_path / "mounted", GOOD.replace("0.9", "9"), f"custom/{NAME}")
    env = environment(tmp_path, AIM_PROFILES_PATH=str(tmp_path / "mounted"))
    done = run("profiles", "lint", env=env)
    assert done.returncode == 4
    assert "gpu-memory-utilization 9: more than 0, at most 1" in done.stdout
    shipped = len(list(shipped_root().rglob("*.yaml")))
    assert f"{shipped + 1} files: 1 error" in done.stderr


def test_the_shipped_catalogue_has_no_error(tmp_path: Path) -> None:
    done = run("profiles", "lint", str(shipped_root()), env=environment(tmp_path))
    assert done.returncode == 0, done.stdout


def test_many_files_are_all_looked_at(tmp_path: Path) -> None:
    for number in range(1000):
        name = NAME.replace("latency", f"latency-{number}").replace("model/", f"m{number % 9}/")
        write(tmp_path, GOOD, name)
    done = run("profiles", "lint", str(tmp_path), "--format", "json", env=environment(tmp_path))
    assert len(json.loads(done.stdout)) == 1000  # one finding a file, so each is parsed for its place too


def test_what_the_runtime_owns_does_not_reach_the_engine_from_a_profile(tmp_path: Path) -> None:
    """Lint calls these ignored; dry-run shows that they are."""
    owned = "  model: other/model\n  port: 9\n  served-model-name: [other]\nenv_vars: {}"
    root = tmp_path / "profiles"
    text = GOOD.replace("env_vars: {}", owned).replace("gpu\n", "cpu\n").replace("MI300X", "CPU")
    path = write(root, text, f"custom/{NAME.replace('mi300x', 'cpu')}")
    env = environment(
        tmp_path,
        AIM_PROFILES_PATH=str(root),
        AIM_ID="org/model",
        AIM_ACCELERATOR_TYPE="cpu",
        AIM_PROFILE_ID=f"custom/org/model/{path.stem}",
    )
    done = run("dry-run", "--format", "json", env=env)
    assert done.returncode == 0, done.stderr
    command = " ".join(map(str, json.loads(done.stdout)[0]["command"]))
    assert "other" not in command
    assert "--port 8000" in command
    linted = run("profiles", "lint", str(path), env=env)
    assert linted.stdout.count("[owned-argument]") == 3


def test_schema_is_json_that_names_the_keys(tmp_path: Path) -> None:
    done = run("profiles", "schema", env=environment(tmp_path))
    assert done.returncode == 0
    assert json.loads(done.stdout)["$defs"]["ProfileFile"]["properties"].keys() >= {"metadata", "engine_args"}
    told = run("profiles", "schema", "--help", env=environment(tmp_path)).stdout
    assert "# yaml-language-server: $schema=" in told


def test_the_group_answers_without_a_verb_and_to_a_wrong_one(tmp_path: Path) -> None:
    env = environment(tmp_path)
    assert "lint" in run("profiles", env=env).stdout
    wrong = run("profiles", "lnit", env=env)
    assert wrong.returncode == 2
    assert "did you mean lint?" in wrong.stderr
