"""The profile file as JSON Schema, for editors."""

from __future__ import annotations

from typing import Any

from aim_runtime.profiles.profile import ProfileFile

_DRAFT = "https://json-schema.org/draft/2020-12/schema"


def profile_schema() -> dict[str, Any]:
    """Return the schema that editors check and complete a profile with; today's spellings only."""
    from msgspec.json import schema  # for authors; serving never needs it

    return {"$schema": _DRAFT, "title": "AIM profile", **schema(ProfileFile)}
