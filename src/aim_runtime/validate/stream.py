"""A stream of server-sent events, read to its end: what came, and what is wrong with how it came."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from aim_runtime.validate.answer import reasoning_of
from aim_runtime.validate.check import Failed
from aim_runtime.validate.client import Client

DONE = "[DONE]"


@dataclass
class Streamed:
    """One answer in pieces. `faults` are of the framing (https://html.spec.whatwg.org/#server-sent-events)."""

    content_type: str = ""
    events: list[dict[str, Any]] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)
    reasoning: str = ""
    finish_reason: str | None = None
    usage: dict[str, Any] | None = None
    faults: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(self.pieces)


def streamed(client: Client, path: str, body: Mapping[str, Any]) -> Streamed:
    """Ask for a stream and read it to its end. Raises Failed where it is none, or has no JSON in it."""
    found = Streamed()
    with client.open(path, {**body, "stream_options": {"include_usage": True}}) as (head, lines):
        if head.status != 200:
            raise Failed(f"{head.asked} with stream: true answered {head.status}: {head.text}")
        found.content_type = head.content_type
        for data in _events(lines, found.faults):
            if data == DONE:
                found.faults += ["more comes after [DONE]"] if any(line.strip() for line in lines) else []
                return found
            _take(found, _object(head.asked, data))
    found.faults.append("the stream ends without data: [DONE]")
    return found


def events(lines: Iterator[bytes]) -> Iterator[dict[str, Any]]:
    """The objects of a stream that is not read to its end."""
    for data in _events(lines, []):
        if data == DONE:
            return
        yield _object("the stream", data)


def _events(lines: Iterator[bytes], faults: list[str]) -> Iterator[str]:
    """The data of each event."""
    data: list[str] = []
    for line in lines:
        text = _decoded(line.rstrip(b"\r\n"))
        if not line.endswith(b"\n"):
            faults.append("the last line has no end")
        if text.startswith("data:"):
            if data:
                faults.append("two events without an empty line between them")
                yield "\n".join(data)
                data = []
            data.append(text[5:].removeprefix(" "))
        elif text and not text.startswith((":", "event:", "id:", "retry:")):
            faults.append(f"a line that is none of an event stream: {text[:60]!r}")
        elif not text and data:
            yield "\n".join(data)
            data = []
    if data:
        faults.append("the last event has no empty line after it")
        yield "\n".join(data)


def _decoded(line: bytes) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Failed(f"a line of the stream is not UTF-8 at byte {error.start}: {line[:80]!r}") from error


def _object(asked: str, data: str) -> dict[str, Any]:
    try:
        found = json.loads(data)
    except ValueError as error:
        raise Failed(f"{asked}: an event is not JSON: {data[:120]!r}") from error
    if not isinstance(found, dict):
        raise Failed(f"{asked}: an event is not an object: {data[:120]!r}")
    if "error" in found:
        raise Failed(f"{asked}: the stream broke off with an error: {data[:300]}")
    return found


def _take(found: Streamed, event: dict[str, Any]) -> None:
    found.events.append(event)
    if isinstance(event.get("usage"), dict):
        found.usage = event["usage"]
    for choice in event.get("choices") or []:
        delta = choice.get("delta") or {}
        piece = delta.get("content") or choice.get("text") or ""
        if piece:
            found.pieces.append(piece)
        found.reasoning += reasoning_of(delta)
        found.finish_reason = choice.get("finish_reason") or found.finish_reason
