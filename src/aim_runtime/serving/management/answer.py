"""What a path of the management port answers with."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

JSON = "application/json"


@dataclass(frozen=True)
class Answer:
    """One answer: its `body`, of what `kind`, and what its headers say beside that.

    `ours`: a file of this program's, which nothing secret can have come into.
    """

    status: int
    body: str
    kind: str = JSON
    headers: dict[str, str] = field(default_factory=dict)
    ours: bool = False


def as_json(data: Any, status: int = 200, **headers: str) -> Answer:
    """Plain values as JSON, for programs and, by its lines, for people with curl."""
    return Answer(status, json.dumps(data, indent=2, ensure_ascii=False) + "\n", JSON, headers)


def refusal(status: int, message: str, hint: str = "", **more: Any) -> Answer:
    """An error, in the shape that clients of OpenAI's API know."""
    error = {"message": message, "code": status, **({"hint": hint} if hint else {})}
    return as_json({"error": error, **more}, status)
