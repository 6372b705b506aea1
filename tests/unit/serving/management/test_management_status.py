"""/status, and the page that documents its keys."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from aim_runtime.engines.load import Load
from aim_runtime.models.ref import ModelRef
from aim_runtime.models.status import Status
from aim_runtime.serving.management import page
from aim_runtime.serving.management.status import status
from aim_runtime.summary import summary
from aim_runtime.vocabulary import Phase
from unit.serving.views import FULL, view
from unit.test_plan import COHERE, declared, plan

PAGE = Path(__file__).parents[4] / "docs" / "reference" / "status.md"


# A value that may be anything, lists and objects included.
ANY = "plan.arguments[].value"


def keys(value: Any, path: str = "") -> Iterator[str]:
    """Every key by its whole path, of lists as `key[]`."""
    if isinstance(value, dict) and path != ANY:
        for name, inside in value.items():
            yield from keys(inside, f"{path}.{name}" if path else name)
    elif isinstance(value, list) and path != ANY:
        for inside in value:
            yield from keys(inside, f"{path}[]")
    else:
        yield path


def test_every_key_is_documented_and_every_documented_key_appears(tmp_path: Path) -> None:
    known = summary(plan(tmp_path, declared("MI300X"), aim_id=COHERE, warnings=("mind",)))
    unknown = summary(plan(tmp_path, declared("MI300X"), model_ref=ModelRef.parse("acme/model")))
    views = (view(Phase.SURVEYING), FULL, view(plan=known), view(plan=unknown))
    seen = {key for each in views for key in keys(status(each, 60))} | {"lines[]"}
    documented = set(re.findall(r"^\| `([^`]+)`", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    # Of what can be absent, the absence is a key too.
    absent = {"plan", "transfer", "load", "failure"}
    assert seen - absent - documented == set()
    assert documented - seen == set()


def test_what_it_says_is_json_and_in_its_units() -> None:
    found = json.loads(json.dumps(status(FULL, 60)))
    assert found["phase"] == "ready"
    assert (found["live"], found["ready"], found["reason"]) == (True, True, None)
    assert found["stages"][0] == {"phase": "surveying", "began_at_s": 1000.0, "seconds": 2.0}
    assert found["transfer"] == {
        "what": "downloading",
        "done_bytes": 40,
        "total_bytes": 100,
        "bytes_per_s": 4.0,
        "eta_s": 15.0,
        "percent": 40.0,
    }
    assert found["engine"]["pid"] == 7
    assert found["attempts"][0]["failure"]["hint"] == "set max-model-len"
    assert found["load"]["generated_tokens"] == 40


def test_while_bytes_move_their_percent_is_that_of_the_phase() -> None:
    moving = view(Phase.DOWNLOADING, transfer=Status("downloading", 1, 3))
    assert status(moving, 60)["percent"] == 33.3
    assert status(view(Phase.DOWNLOADING), 60)["percent"] is None


def test_the_page_knows_every_phase_of_a_start() -> None:
    listed = re.search(r"const STARTUP = \[(.*?)\];", page.file("phases.js").body, re.DOTALL)
    assert listed
    after = (Phase.DRAINING, Phase.STOPPED, Phase.FAILED)
    assert re.findall(r'"([^"]+)"', listed[1]) == [str(each) for each in Phase if each not in after]


def test_the_page_reads_only_what_a_load_has() -> None:
    text = page.file("charts.js").body
    read = {*re.findall(r'rate\(now, before, "(\w+)"\)', text), *re.findall(r"\bnow\.(\w+)", text)} - {"at"}
    averaged = re.findall(r'average\(now, before, "(\w+)"\)', text)
    read |= {f"{name}_{part}" for name in averaged for part in ("count", "sum_s")}
    assert {"generated_tokens", "kv_usage", "ttft_sum_s", "tpot_count", "waiting"} <= read
    assert read <= set(Load.__dataclass_fields__)
