"""Points as a user writes them: `256/128x8` on the command line, lists and mappings in a YAML file."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import yaml

from aim_runtime.bench.suites import REQUESTS_A_CLIENT
from aim_runtime.bench.workload import Point, Suite
from aim_runtime.errors import InvalidValue, did_you_mean

GRAMMAR = "IN/OUTxCLIENTS or IN/OUT@RATE/s, each with :REQUESTS at its end or without, as 256/128x8:80"
_POINT = re.compile(r"(\d+)/(\d+)(?:x(\d+)|@(\d+(?:\.\d+)?)/s)(?::(\d+))?")
_IN_FILE = "as `- [256, 128, 8, 80]` (input, output, clients, requests) or `- 256/128@2/s:100`"
_KEYS = tuple(field.name for field in fields(Point))
# What a rate gets where the number of requests is left out: a minute of it, and not less than ten.
_SECONDS_AT_A_RATE, _LEAST = 60, 10


def parse_point(text: str) -> Point:
    """Read one point of the command line. Raises InvalidValue."""
    found = _POINT.fullmatch(text.strip())
    if not found:
        raise InvalidValue(f"{text} is not a point of load", hint=GRAMMAR)
    given, wanted, clients, rate, requests = found.groups()
    values: dict[str, Any] = {"input_tokens": int(given), "output_tokens": int(wanted)}
    values |= {"concurrency": int(clients)} if clients else {"rate": float(rate)}
    if requests:
        values["requests"] = int(requests)
    return _made(values, text)


def parse_points(texts: Sequence[str]) -> Suite:
    """Read the points of the command line. Raises InvalidValue."""
    return Suite("points", tuple(map(parse_point, texts)))


def read_suite(path: Path) -> Suite:
    """Read a file of points: a list of them, or `points:` with an optional `name:`. Raises InvalidValue."""
    try:
        read = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise InvalidValue(f"{path} cannot be read as YAML: {error}") from error
    name, points = path.stem, read
    if isinstance(read, dict):
        for unknown in sorted(str(key) for key in read if key not in ("name", "points")):
            raise InvalidValue(
                f"{path}: {unknown} is not known{did_you_mean(unknown, ('name', 'points'))}",
                hint="a file of points has `name` and `points`",
            )
        name, points = str(read.get("name", name)), read.get("points")
    if not isinstance(points, list) or not points:
        raise InvalidValue(f"{path} has no list of points", hint=_IN_FILE)
    return Suite(name, tuple(_point(each, f"{path}: point {n}") for n, each in enumerate(points, 1)))


def _point(read: object, where: str) -> Point:
    if isinstance(read, str):
        try:
            return parse_point(read)
        except InvalidValue as error:
            raise InvalidValue(f"{where}: {error.message}", hint=error.hint) from error
    if isinstance(read, list) and len(read) in (3, 4):
        # In the order that 0.12 has them in.
        read = dict(zip(("input_tokens", "output_tokens", "concurrency", "requests"), read, strict=False))
    if not isinstance(read, dict):
        raise InvalidValue(f"{where}: {read} is not a point of load", hint=_IN_FILE)
    for key, value in read.items():
        if key not in _KEYS:
            raise InvalidValue(
                f"{where}: {key} is not known{did_you_mean(str(key), _KEYS)}",
                hint=f"one of {', '.join(_KEYS)}",
            )
        fraction = key == "rate" and type(value) is float and math.isfinite(value)
        if type(value) is not int and not fraction:
            raise InvalidValue(f"{where}: {key} is {value!r}, not a number", hint=_IN_FILE)
    return _made(read, where)


def _made(values: dict[str, Any], where: str) -> Point:
    clients, rate = values.get("concurrency"), values.get("rate")
    usual = REQUESTS_A_CLIENT * (clients or 0) or max(_LEAST, math.ceil(_SECONDS_AT_A_RATE * (rate or 0)))
    try:
        return Point(**{"requests": usual} | values)
    except (ValueError, TypeError) as error:
        raise InvalidValue(f"{where}: {error}", hint=_IN_FILE if "point" in where else GRAMMAR) from error
