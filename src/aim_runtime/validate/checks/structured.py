"""Capability structured_outputs: an answer is held to a schema, flat or nested, or to a choice."""

from __future__ import annotations

import json
from typing import Any

from aim_runtime.validate.answer import content_of, shown
from aim_runtime.validate.asking import chat, room
from aim_runtime.validate.check import Failed, Passed
from aim_runtime.validate.subject import Answering

CHOICES = ("Kyoto", "Osaka")
_CITY: dict[str, Any] = {
    "type": "object",
    "properties": {
        "city": {"type": "string", "enum": ["Tokyo", "Paris"]},
        "capital": {"type": "boolean"},
    },
    "required": ["city", "capital"],
    "additionalProperties": False,
}
_TRIP: dict[str, Any] = {
    "type": "object",
    "properties": {
        "days": {"type": "integer", "enum": [1, 2, 3]},
        "stops": {"type": "array", "items": _CITY, "minItems": 1, "maxItems": 2},
    },
    "required": ["days", "stops"],
    "additionalProperties": False,
}
_TOKENS = 256
_FIX = "the engine does not hold answers to schemas: see its structured outputs, or declare them false"


def structured_output(service: Answering) -> Passed:
    """`response_format` with a JSON schema."""
    found = _answer(service, "Name a capital, as JSON.", "city", _CITY)
    _is_city(found)
    return Passed(f"answered {json.dumps(found)}")


def structured_output_nested(service: Answering) -> Passed:
    """The same with a list of objects in it."""
    found = _answer(service, "Plan a short trip, as JSON.", "trip", _TRIP)
    if not isinstance(found, dict) or set(found) != {"days", "stops"} or found["days"] not in (1, 2, 3):
        raise _against(found)
    if not isinstance(found["stops"], list) or not 1 <= len(found["stops"]) <= 2:
        raise _against(found)
    for stop in found["stops"]:
        _is_city(stop)
    return Passed(f"answered {json.dumps(found)}")


def structured_output_choice(service: Answering) -> Passed:
    """`structured_outputs.choice` at the top of the request: vLLM's own, where OpenAI has only schemas."""
    wanted = {"choice": list(CHOICES)}
    text = content_of(
        chat(service, "Name a city in Japan.", structured_outputs=wanted, max_tokens=room(service, _TOKENS))
    )
    if text not in CHOICES:
        raise Failed(f"told to choose among {', '.join(CHOICES)}, it answered {shown(text)}", _FIX)
    return Passed(f"chose {text}")


def _answer(service: Answering, question: str, name: str, schema: dict[str, Any]) -> Any:
    wanted = {"type": "json_schema", "json_schema": {"name": name, "schema": schema, "strict": True}}
    text = content_of(chat(service, question, response_format=wanted, max_tokens=room(service, _TOKENS)))
    try:
        return json.loads(text)
    except ValueError as error:
        raise Failed(f"asked for JSON by a schema, it answered {shown(text)}", _FIX) from error


def _is_city(found: Any) -> None:
    if not isinstance(found, dict) or set(found) != {"city", "capital"}:
        raise _against(found)
    if found["city"] not in ("Tokyo", "Paris") or not isinstance(found["capital"], bool):
        raise _against(found)


def _against(found: Any) -> Failed:
    return Failed(f"the answer is not what the schema has: {shown(json.dumps(found), 200)}", _FIX)
