"""The JSON Schema of a profile says what the reader takes."""

from __future__ import annotations

import json
from pathlib import Path

from aim_runtime.authoring.schema import profile_schema
from aim_runtime.vocabulary import Precision


def test_the_schema_is_complete() -> None:
    schema = profile_schema()
    assert schema["$schema"].startswith("https://json-schema.org/")
    assert "$id" not in schema
    profile = schema["$defs"]["ProfileFile"]
    assert profile["additionalProperties"] is False
    assert set(profile["required"]) == {"metadata", "engine_args", "env_vars"}
    assert schema["$defs"]["Precision"]["enum"] == sorted(Precision)
    assert schema["$defs"]["Evidence"]["description"].startswith("Where a profile's settings")


def test_the_page_of_the_reference_is_this_schema() -> None:
    page = Path(__file__).parents[3] / "docs/reference/profile.schema.json"
    assert json.loads(page.read_text()) == profile_schema()
