"""What a line says that some library of an engine printed: servers, PyTorch, collectives, Python itself."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

_LEVELS = {
    **{"TRACE": "DEBUG", "DEBUG": "DEBUG", "INFO": "INFO", "WARN": "WARNING", "WARNING": "WARNING"},
    **{"ERROR": "ERROR", "CRITICAL": "CRITICAL", "FATAL": "CRITICAL"},
    **{"D": "DEBUG", "I": "INFO", "W": "WARNING", "E": "ERROR", "F": "CRITICAL"},
}
_WORD = r"(?P<level>TRACE|DEBUG|INFO|WARN|WARNING|ERROR|CRITICAL|FATAL)"
_RANK = re.compile(r"\[(rank\d+)\]:\s?")
_UVICORN = re.compile(rf"{_WORD}:\s+(?P<message>.*)")
_ACCESS = re.compile(r'\S+ - "(?P<verb>[A-Z]+) (?P<path>[^\s?"]+)\S* HTTP/[\d.]+" (?P<status>\d{3})')
# Probes and scrapes come every few seconds from every side: that they were answered is no news.
_PROBES = frozenset({"/health", "/metrics", "/ping", "/load"})
_FORMATS = (
    # Python's logging, as basicConfig and as flashinfer have it, and as aiter has it
    re.compile(rf"\d{{4}}-\d\d-\d\d [\d:]+[,.]\d+ - {_WORD} - \S+ - (?P<name>[\w.]+): (?P<message>.*)"),
    re.compile(rf"\d{{4}}-\d\d-\d\d [\d:]+[,.]\d+ - (?P<name>\S+) - {_WORD} - (?P<message>.*)"),
    re.compile(rf"\[\d{{4}}-\d\d-\d\d [\d:]+\] {_WORD} (?P<name>[\w.]+):\d+: (?P<message>.*)"),
    # glog, as PyTorch's C++ has it in brackets and its Python without
    re.compile(r"\[?(?P<level>[DIWEF])\d{3,8} [\d:.]+ (?:\d+ )?(?P<name>[^\s\]:]+):\d+\] ?(?P<message>.*)"),
    re.compile(rf"(?:\S+:\d+:\d+ )?\[(?:\d+)\] (?P<name>R?NCCL) {_WORD} ?(?P<message>.*)"),
    re.compile(r"\[(?P<name>aiter|Gloo)\] (?P<message>.*)"),
)
_WARNING = re.compile(r"\S.*:\d+: \w*Warning: ")
_TRACEBACK = re.compile(
    r"Traceback \(most recent call last\):|During handling of the above exception|The above exception was the"
    r"|Exception (?:in thread|ignored in)|Process \S+:$|Fatal Python error|Segmentation fault"
)
_EXCEPTION = re.compile(r"(?:[A-Za-z_]\w*\.)*[A-Za-z_]\w*(?:Error|Exception|Interrupt|Failure)(?::|$)")


@dataclass(frozen=True)
class Said:
    """The parts of a line; `continues` as OutputLine has it."""

    message: str
    level: str = "INFO"
    name: str = "engine"
    process: str | None = None
    continues: bool = False


def read(text: str) -> Said:
    """Read one line that is not the engine's own, without the process in front."""
    rank = _RANK.match(text)
    process, rest = (rank[1], text[rank.end() :]) if rank else (None, text)
    said = _object(rest) or _server(rest) or _formatted(rest) or _python(rest)
    return said if said.process else Said(said.message, said.level, said.name, process, said.continues)


def _server(text: str) -> Said | None:
    match = _UVICORN.fullmatch(text)
    if not match:
        return None
    level, message = _LEVELS[match["level"]], match["message"]
    access = _ACCESS.match(message)
    if not access:
        return Said(message, level, "uvicorn")
    answered = access["path"] in _PROBES and access["status"].startswith("2")
    return Said(message, "DEBUG" if answered else level, "uvicorn.access")


def _formatted(text: str) -> Said | None:
    for form in _FORMATS:
        match = form.fullmatch(text)
        if match:
            parts = match.groupdict()
            name = parts["name"].rsplit("/", 1)[-1].removesuffix(".py").removesuffix(".cpp")
            return Said(parts["message"], _LEVELS[parts.get("level") or "INFO"], name)
    return None


def _python(text: str) -> Said:
    """Python's own words, or nobody's that is known."""
    if text[:1].isspace():
        return Said(text, continues=True)
    if _TRACEBACK.match(text) or _EXCEPTION.match(text):
        return Said(text, "ERROR")
    return Said(text, "WARNING" if _WARNING.match(text) else "INFO")


def _object(text: str) -> Said | None:
    """A line of JSON, as python-json-logger and the like write it."""
    if not text.startswith("{") or not text.endswith("}"):
        return None
    try:
        found: dict[str, Any] = json.loads(text)
    except ValueError:
        return None
    message, level = _first(found, "message", "msg", "event"), _first(found, "levelname", "level", "severity")
    if message is None:
        return None
    name, process = _first(found, "name", "logger") or "engine", _first(found, "processName", "process")
    return Said(message, _LEVELS.get((level or "INFO").upper(), "INFO"), name, process)


def _first(found: dict[str, Any], *names: str) -> str | None:
    return next((str(found[name]) for name in names if found.get(name) is not None), None)
