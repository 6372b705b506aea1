"""How the value of one variable is read: each raises ValueError with what is wrong with it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from aim_runtime.errors import did_you_mean
from aim_runtime.models.ref import ModelRef
from aim_runtime.slo import Slo, parse_slo
from aim_runtime.variables import DEFAULT_MANAGEMENT_PORT, LORA_RANKS

_Word = TypeVar("_Word", bound=StrEnum)
_TRUE, _FALSE = ("true", "yes", "1", "on"), ("false", "no", "0", "off")
# RFC 1123, and what Docker and Compose call their containers by.
_HOST_NAME = re.compile(
    r"(?=.{1,253}$)[a-z0-9_]([\w-]*[a-z0-9])?(\.[a-z0-9]([\w-]*[a-z0-9])?)*\.?", re.ASCII | re.IGNORECASE
)
_MODEL_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", re.ASCII)


def text(text: str) -> str:
    return text


def text_or_auto(text: str) -> str | None:
    return None if text.casefold() == "auto" else text


def folder(text: str) -> Path:
    path = Path(text).expanduser()
    if not os.path.isdir(path):  # noqa: PTH112 - Path.is_dir raises where a folder above is closed
        raise ValueError("no such folder")
    return path


def word(kind: type[_Word]) -> Callable[[str], _Word | None]:
    def parse(text: str) -> _Word | None:
        if text.casefold() == "auto":
            return None
        try:
            return kind(text.casefold())
        except ValueError as error:
            name = re.sub(r"(?<!^)(?=[A-Z])", " ", kind.__name__).casefold()
            article = "an" if name[0] in "aeiou" else "a"
            raise ValueError(f"not {article} {name}{did_you_mean(text, list(kind))}") from error

    return parse


def one_of(allowed: tuple[str, ...]) -> Callable[[str], str]:
    def parse(text: str) -> str:
        for known in allowed:
            if text.casefold() == known.casefold():
                return known
        raise ValueError(f"not one of {', '.join(allowed)}{did_you_mean(text, allowed)}")

    return parse


def slo(text: str) -> Slo:
    return parse_slo(text)


def engine(text: str) -> str | None:
    return None if text.casefold() == "auto" else one_of(("vllm",))(text)


def boolean(text: str) -> bool:
    if text.casefold() in _TRUE:
        return True
    if text.casefold() in _FALSE:
        return False
    raise ValueError("neither true nor false")


def count(text: str) -> int | None:
    if text.casefold() == "auto":
        return None
    if not (text.isascii() and text.isdigit()) or int(text) < 1:
        raise ValueError("not a number of accelerators")
    return int(text)


def management_port(text: str) -> int:
    """0 is none."""
    return 0 if text in ("0", "off", "none") else port(text) or DEFAULT_MANAGEMENT_PORT


def seconds(at_least: float) -> Callable[[str], float]:
    """Read a time in seconds."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError as error:
            raise ValueError("not a number of seconds") from error
        if not at_least <= value < float("inf"):
            raise ValueError(f"not at least {at_least:g} seconds")
        return value

    return read


def whole(at_least: int) -> Callable[[str], int]:
    """Read a whole number."""

    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit()) or int(text) < at_least:
            raise ValueError(f"not a whole number from {at_least}")
        return int(text)

    return read


def rank(text: str) -> int:
    """Read a LoRA rank; vLLM has kernels for these only."""
    if text not in map(str, LORA_RANKS):
        raise ValueError(f"not one of {', '.join(map(str, LORA_RANKS))}")
    return int(text)


def port(text: str) -> int | None:
    if text.startswith("tcp://"):
        return None
    if not (text.isascii() and text.isdigit()):
        raise ValueError("not a port number")
    if not 1 <= int(text) <= 65535:
        raise ValueError("outside the range of ports")
    return int(text)


def host(text: str) -> str:
    """Read where a machine is reached."""
    import ipaddress  # rarely set, and start-up time matters

    if _HOST_NAME.fullmatch(text):
        return text
    try:
        return str(ipaddress.ip_address(text))
    except ValueError as error:
        raise ValueError("not a host name or an IP address") from error


def url(text: str) -> str:
    if not text.startswith(("http://", "https://")):
        raise ValueError("not a URL with http:// or https://")
    return text.rstrip("/")


def model_name(text: str) -> str:
    name = text.removeprefix("hf://")
    if not is_model_name(name):
        raise ValueError("not a model name")
    return name


def model_ref(text: str) -> ModelRef:
    return ModelRef.parse(text)


def json_object(text: str) -> dict[str, Any]:
    import json  # rarely set, and start-up time matters

    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error.msg} at character {error.pos + 1}") from error
    if not isinstance(value, dict):
        raise ValueError(f"JSON, but not an object: {type(value).__name__}")
    return value


def is_model_name(text: str) -> bool:
    """Return whether weights can be kept and served under this name."""
    return bool(_MODEL_NAME.fullmatch(text)) and ".." not in text
