"""What the installed vLLM accepts, against the list that is committed and against its own parser."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from aim_runtime.engines.vllm import Vllm
from aim_runtime.hardware.accelerator import Accelerator
from aim_runtime.models.architecture import Architecture
from aim_runtime.models.location import Location
from aim_runtime.profiles.catalog import load_catalog, shipped_root
from aim_runtime.profiles.selection import Selection
from aim_runtime.settings import Settings
from aim_runtime.vocabulary import AcceleratorType

ROOT = Path(__file__).parents[2]
LISTS = ROOT / "src/aim_runtime/engines/vllm_args"


def complaints(argvs: dict[str, list[str]]) -> dict[str, str | None]:
    """The parser's complaint about each argument list, or None; one import of vLLM for all of them."""
    asked = json.dumps([{"id": name, "argv": argv} for name, argv in argvs.items()])
    script = Path(__file__).with_name("parse_profiles.py")
    done = subprocess.run([sys.executable, script], input=asked, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    answer: dict[str, str | None] = json.loads(done.stdout)
    return answer


@pytest.mark.parametrize("path", sorted(LISTS.glob("*.json")), ids=lambda path: path.stem)
def test_committed_list_is_readable_as_a_diff(path: Path) -> None:
    accepted = json.loads(path.read_text())
    assert accepted["version"] == path.stem
    assert list(accepted["options"]) == sorted(accepted["options"])
    assert {option["kind"] for option in accepted["options"].values()} == {
        "boolean",
        "flag",
        "json",
        "list",
        "value",
    }
    names = sum(len(accepted[key]) for key in ("options", "tool_parsers", "reasoning_parsers", "env_vars"))
    assert len(path.read_text().splitlines()) < names + 20, "more than one line an entry"


@pytest.mark.engine
def test_committed_list_is_what_the_installed_engine_accepts() -> None:
    script = ROOT / "scripts/generate_vllm_args.py"
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.engine
def test_the_engines_own_parser_answers_for_many_lists_at_once() -> None:
    model = ["--model", "any/model"]
    tools = ["--enable-auto-tool-choice", "--tool-call-parser"]
    answer = complaints(
        {
            "dead option": [*model, "--swap-space", "4"],
            "tools without a parser": [*model, "--enable-auto-tool-choice"],
            "unknown tool parser": [*model, *tools, "cohere"],
            "unknown reasoning parser": [*model, "--reasoning-parser", "cohere"],
            # Last, so that a complaint left over from the lists above would show.
            "good": [*model, *tools, "cohere_command3", "--reasoning-parser", "cohere_command3"],
            "plain": [*model, "--no-enable-prefix-caching", "--compilation-config", '{"mode": 0}'],
        }
    )
    assert answer["good"] is None
    assert answer["plain"] is None
    assert "--swap-space" in (answer["dead option"] or "")
    assert "requires --tool-call-parser" in (answer["tools without a parser"] or "")
    assert "invalid tool call parser: cohere " in (answer["unknown tool parser"] or "")
    assert "invalid reasoning parser: cohere " in (answer["unknown reasoning parser"] or "")


@pytest.mark.engine
def test_every_shipped_profile_is_accepted_by_the_engines_own_parser() -> None:
    argvs = {}
    for folder in sorted(path.parent for path in shipped_root().glob("*/*/metadata.yaml")):
        aim_id = "/".join(folder.parts[-2:])
        catalog = load_catalog([shipped_root()], aim_id)
        assert catalog.problems == ()
        assert catalog.aim is not None
        model = Architecture.from_config(catalog.aim.config)
        for profile in catalog.profiles:
            settings = Settings(aim_id=profile.content.aim_id or aim_id)
            uses = (Accelerator(AcceleratorType.GPU, 0, None, "", None),)
            selection = Selection(profile, uses, (), ())
            location = Location(aim_id, Path("/model"), True, catalog.aim.sources)
            launch = Vllm().launch(selection, location, settings, None, model)
            argvs[f"{aim_id} {profile.path}"] = list(launch.command[2:])
    assert len({key.split()[1] for key in argvs}) >= 229  # the general ones with the parsers of every AIM
    assert {path: complaint for path, complaint in complaints(argvs).items() if complaint} == {}
