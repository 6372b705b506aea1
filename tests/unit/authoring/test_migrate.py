"""A profile rewritten: what must change does, and every other byte stays."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from aim_runtime.authoring.migrate import Migration, diff, migrate, unchanged, write
from aim_runtime.engines.vllm_changes import edits
from aim_runtime.errors import InvalidValue
from aim_runtime.profiles.catalog import shipped_root
from aim_runtime.profiles.faults import Broken
from aim_runtime.profiles.profile import ProfileFile, todays_spelling
from aim_runtime.profiles.read import read

HEAD = """\
metadata:   # what for
    engine: vllm
    accelerator_model: MI300X
    accelerator_count: 1
    precision: fp16
    metric: latency
    type: general
"""


def migrated(folder: Path, text: str, version: str = "0.32.0") -> Migration:
    path = folder / "profile.yaml"
    path.write_bytes(text.encode())
    found = migrate(path, version)
    assert isinstance(found, Migration), found
    return found


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(
            'engine_args:\n  swap-space: 4  # GiB\n  dtype:   "auto"   # why\n\nenv_vars: {}\n',
            'engine_args:\n  dtype:   "auto"   # why\n\nenv_vars: {}\n',
            id="an entry goes with its line, the others keep quotes, spaces and comments",
        ),
        pytest.param(
            "engine_args:\n    # about graphs\n    'cuda_graph_sizes':   [1,  2] # two\nenv_vars: {}\n",
            "engine_args:\n    # about graphs\n    cudagraph-capture-sizes:   [1,  2] # two\nenv_vars: {}\n",
            id="a renamed entry keeps its value as it is spelled",
        ),
        pytest.param(
            "engine_args:\n  rope-theta: 10000  # base\n  dtype: auto\nenv_vars: {}\n",
            "engine_args:\n  hf-overrides:  # base\n    rope_theta: 10000\n  dtype: auto\nenv_vars: {}\n",
            id="a new value stands where the old one did",
        ),
        pytest.param(
            "engine_args:\n  swap-space: >-\n    4\n\n  # next\n  dtype: auto\nenv_vars: {}\n",
            "engine_args:\n\n  # next\n  dtype: auto\nenv_vars: {}\n",
            id="all the lines of a value go",
        ),
        pytest.param(
            "engine_args:\n  swap-space: 4\nenv_vars:\n  # old\n  VLLM_USE_V1: '1'\n",
            "engine_args: {}\nenv_vars: {}\n  # old\n",
            id="a section without entries is an empty mapping",
        ),
        pytest.param(
            "engine_args: {swap-space: 4, dtype: auto}\nenv_vars: {}\n",
            "engine_args: {dtype: auto}\nenv_vars: {}\n",
            id="a mapping in braces",
        ),
        pytest.param(
            "engine_args: {}\nenv_vars:\n  VLLM_ATTENTION_BACKEND: X\n  A: '1'\n",
            "engine_args: {attention-backend: X}\nenv_vars:\n  A: '1'\n",
            id="a variable becomes an argument in empty braces",
        ),
        pytest.param(
            "engine_args:\n  dtype: auto\n\n# then\nenv_vars:\n  VLLM_ATTENTION_BACKEND: X\n  A: '1'\n",
            "engine_args:\n  dtype: auto\n  attention-backend: X\n\n# then\nenv_vars:\n  A: '1'\n",
            id="a new entry comes behind the last one",
        ),
    ],
)
def test_edits_leave_everything_else_alone(tmp_path: Path, before: str, after: str) -> None:
    found = migrated(tmp_path, HEAD + before)
    assert found.after == HEAD + after
    assert unchanged(migrated(tmp_path, found.after))


def test_line_breaks_of_another_system_and_none_at_the_end(tmp_path: Path) -> None:
    before = HEAD + "engine_args:\n  swap-space: 4\n  task: embed\nenv_vars: {}"
    after = HEAD + "engine_args:\n  runner: pooling\n  convert: embed\nenv_vars: {}"
    assert migrated(tmp_path, before.replace("\n", "\r\n")).after == after.replace("\n", "\r\n")


def test_the_names_of_0_9(tmp_path: Path) -> None:
    rest = "engine_args: {}\nenv_vars: {}\n"
    old = HEAD.replace("accelerator_model: MI300X", "gpu:   MI300X  # this").replace("accelerator_c", "gpu_c")
    found = migrated(tmp_path, old + rest)
    new = HEAD.replace(
        "accelerator_model: MI300X", "accelerator_type: gpu\n    accelerator_model:   MI300X  # this"
    )
    assert found.after == new + rest
    assert len(found.reasons) == 3


def test_both_names_of_0_9_and_of_today(tmp_path: Path) -> None:
    both = HEAD.replace("    precision", "    accelerator_type: gpu\n    gpu_count: 8\n    precision")
    found = migrated(tmp_path, both + "engine_args: {}\nenv_vars: {}\n")
    assert "gpu_count" not in found.after
    assert "accelerator_count: 1" in found.after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("  changes:\n    - one\n", "  changes:\n    - one\n    - 'swap-space dropped: {why}'\n"),
        ("  changes:\n  - one # 1\n", "  changes:\n  - one # 1\n  - 'swap-space dropped: {why}'\n"),
        ("", "  changes:\n  - 'swap-space dropped: {why}'\n"),
        ("  changes: []\n", "  changes:\n  - 'swap-space dropped: {why}'\n"),
    ],
)
def test_reasons_are_added_to_evidence(tmp_path: Path, before: str, after: str) -> None:
    text = HEAD + "engine_args: {swap-space: 4}\nenv_vars: {}\nevidence:\n  source: published\n  release: x\n"
    found = migrated(tmp_path, text + before)
    assert found.after.endswith("  release: x\n" + after.format(why="vLLM removed it in 0.18.0"))


def test_without_evidence_none_is_made_up(tmp_path: Path) -> None:
    assert "evidence" not in migrated(tmp_path, HEAD + "engine_args: {swap-space: 4}\nenv_vars: {}\n").after


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        (HEAD + "engine_args:\n\tswap-space: 4\n", 9, "a tab"),
        (HEAD.replace("fp16", "fp99") + "engine_args: {}\nenv_vars: {}\n", 5, "fp99"),
        (
            HEAD + "engine_args: {dtype: auto, # why\n  swap-space: 4}\nenv_vars: {}\n",
            None,
            "by hand: swap-space",
        ),
    ],
)
def test_what_cannot_be_rewritten_is_refused(tmp_path: Path, text: str, line: int | None, says: str) -> None:
    path = tmp_path / "profile.yaml"
    path.write_text(text)
    found = migrate(path, "0.32.0")
    assert isinstance(found, Broken)
    assert found.faults[0].line == line
    assert says in found.reason


def test_an_alias_is_not_followed_into_another_section(tmp_path: Path) -> None:
    """What `<<` takes from elsewhere cannot be taken out there: it belongs to both."""
    text = HEAD + "engine_args:\n  hf-overrides: &a\n    swap-space: 4\n  <<: *a\nenv_vars: {}\n"
    path = tmp_path / "profile.yaml"
    path.write_text(text)
    assert isinstance(migrate(path, "0.32.0"), Broken)
    assert path.read_text() == text


def test_write_keeps_mode_and_link_and_leaves_nothing_behind(tmp_path: Path) -> None:
    folder = tmp_path / "real"
    folder.mkdir()
    found = migrated(folder, HEAD + "engine_args: {swap-space: 4}\nenv_vars: {}\n")
    found.path.chmod(0o640)
    link = tmp_path / "link.yaml"
    link.symlink_to(found.path)
    write(Migration(link, found.before, found.after, found.reasons))
    assert link.is_symlink()
    assert found.path.read_text() == found.after
    assert found.path.stat().st_mode & 0o777 == 0o640
    assert list(folder.iterdir()) == [found.path]


def test_a_folder_that_is_gone_is_an_error_with_a_fix(tmp_path: Path) -> None:
    found = migrated(tmp_path, HEAD + "engine_args: {swap-space: 4}\nenv_vars: {}\n")
    gone = Migration(tmp_path / "gone/profile.yaml", found.before, found.after, ())
    with pytest.raises(InvalidValue, match="cannot be written"):
        write(gone)


def test_diff_is_one_that_patch_takes(tmp_path: Path) -> None:
    found = migrated(tmp_path, HEAD + "engine_args: {swap-space: 4}\nenv_vars: {}")
    lines = list(diff(found))
    assert lines[0] == f"--- {found.path}\n"
    assert "-engine_args: {swap-space: 4}\n" in lines
    assert lines[-1] == " env_vars: {}\n\\ No newline at end of file\n"


@pytest.mark.parametrize("version", ["0.10.1", "0.11.0", "0.13.0", "0.32.0"])
def test_every_shipped_profile_migrates_to_what_the_edits_say(tmp_path: Path, version: str) -> None:
    count = 0
    for path in sorted(shipped_root().rglob("vllm-*.yaml")):
        found = migrate(path, version)
        assert isinstance(found, Migration), (path, found)
        data = yaml.safe_load(found.after)
        assert edits(data["engine_args"], data["env_vars"], version) == ()
        kept = [line for line in found.before.splitlines() if line in found.after.splitlines()]
        assert len(kept) >= len(found.before.splitlines()) - len(found.reasons)
        count += 1
        if not unchanged(found):
            (tmp_path / path.name).write_text(found.after)
            assert not isinstance(read(tmp_path / path.name, ProfileFile, todays_spelling), Broken)
    assert count >= 229
