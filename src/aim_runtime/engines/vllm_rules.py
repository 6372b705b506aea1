"""Why vLLM would refuse the value of an option, or two options together: its parser's rules and its
configuration's, as far as they can be told without a model or a device.

What is known here is what vLLM 0.32.0 itself says to each case (tests/engine/test_vllm_rules.py asks it).
Only values that are given are looked at: defaults depend on the machine.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

_Number = TypeVar("_Number", int, float)

_SIZE = re.compile(r"\s*(?:(?P<whole>\d+)(?P<binary>[KMGT])|(?P<number>\d+(?:\.\d+)?)(?P<decimal>[kmgt]))\s*")
_UNITS = {
    **{"k": 1000, "m": 1000_000, "g": 1000_000_000, "t": 1000_000_000_000},
    **{"K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40},
}
_TYPES = {
    "int": "a whole number",
    "float": "a number",
    "size": "a whole number (8192, 8k, 8K)",
    "length": "a whole number (8192, 8k, 8K) or auto",
}
# The smallest value that vLLM's configuration takes.
_AT_LEAST = {"max-num-seqs": 1, "max-num-batched-tokens": 1}
NEEDS_A_VALUE = "needs a value"
_SHARE = "gpu-memory-utilization"
_SHARES = "more than 0, at most 1 (0.9 is nine tenths of the memory)"


def against_value(value: Any, option: Mapping[str, Any]) -> str:
    """Why the parser refuses this value of an option of the table; empty when it takes it.

    False stands for "not given".
    """
    if value is False:
        return ""
    kind = option["kind"]
    if kind in ("flag", "boolean"):
        return "" if value is None or value is True else f"{value!r}: it is a switch, which takes no value"
    if value is None or value is True or (value == [] and kind == "list" and not option.get("repeat")):
        return "" if option.get("nargs") in ("?", "*") else NEEDS_A_VALUE
    if kind == "json":
        return _against_json(value, option)
    values = value if isinstance(value, list) else [value]
    if kind == "value" and len(values) != 1:
        return f"{value!r}: it takes one value"
    return next((found for each in values if (found := _against_one(each, option))), "")


def _against_json(value: Any, option: Mapping[str, Any]) -> str:
    if not isinstance(value, str) or option.get("text"):
        return ""
    import json  # few profiles write JSON as text, and start-up time matters

    try:
        json.loads(value)
    except ValueError:
        return "" if option.get("none") and value in ("", "None") else f"{value!r} is not JSON"
    return ""


def _against_one(value: Any, option: Mapping[str, Any]) -> str:
    choices, type_ = option.get("choices"), option.get("type")
    if choices and str(value) not in map(str, choices):
        return f"{value!r} is not one of {', '.join(map(str, choices))}"
    if not type_ or (option.get("none") and value in ("", "None")):
        return ""
    number = as_float(value) if type_ == "float" else as_int(value, size=type_ != "int")
    if number is None and not (type_ == "length" and str(value).strip().lower() == "auto"):
        return f"{value!r} is not {_TYPES[type_]}"
    return ""


def outside(arguments: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield each option (in its normal spelling) whose number vLLM's configuration refuses, and why."""
    if _SHARE in arguments:
        yield from _against_share(arguments[_SHARE])
    for key, least in _AT_LEAST.items():
        number = _given(arguments, key)
        if number is not None and number < least:
            yield key, f"{key} {number}: at least {least}"


def together(arguments: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield each option (in its normal spelling) whose company vLLM refuses, and why."""
    tokens = _given(arguments, "max-num-batched-tokens")
    if tokens is not None:
        yield from _against_tokens(tokens, arguments)
    if _on(arguments, "enable-auto-tool-choice") and not arguments.get("tool-call-parser"):
        yield "enable-auto-tool-choice", "enable-auto-tool-choice needs a tool-call-parser"
    if _on(arguments, "enable-log-outputs") and not _on(arguments, "enable-log-requests"):
        yield "enable-log-outputs", "enable-log-outputs needs enable-log-requests"
    if _on(arguments, "enable-per-request-metrics") and _on(arguments, "disable-log-stats"):
        yield "disable-log-stats", "disable-log-stats takes away what enable-per-request-metrics needs"


def _against_share(value: Any) -> Iterator[tuple[str, str]]:
    share = None if isinstance(value, bool) else as_float(value)
    if share is not None and not 0 < share <= 1:
        yield _SHARE, f"{_SHARE} {value}: {_SHARES}"


def _against_tokens(tokens: int, arguments: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    key = "max-num-batched-tokens"
    sequences, length = _given(arguments, "max-num-seqs"), _given(arguments, "max-model-len")
    if sequences is not None and tokens < sequences:
        yield (
            key,
            f"{key} {tokens} is less than max-num-seqs {sequences}: a step has a token of each sequence",
        )
    chunked = arguments.get("enable-chunked-prefill", True)
    if length is not None and tokens < length and chunked is False:
        why = "without chunked prefill a whole prompt must fit into one step"
        yield key, f"{key} {tokens} is less than max-model-len {length}: {why}"


def _on(arguments: Mapping[str, Any], switch: str) -> bool:
    return arguments.get(switch, False) is not False


def _given(arguments: Mapping[str, Any], key: str) -> int | None:
    """The number that an option is given, None where it is not given or not a number."""
    return as_size(arguments.get(key))


def as_size(value: Any) -> int | None:
    """The whole number of an option that takes `8k` and `8K`; None for a switch and for no value."""
    return None if value is None or isinstance(value, bool) else as_int(value, size=True)


def as_int(value: Any, *, size: bool) -> int | None:
    """The whole number that vLLM reads in a value, None where it reads none.

    With `size` also `8k` (8000) and `8K` (8192), up to t and T (`human_readable_int` of its
    utils/argparse_utils.py).
    """
    if isinstance(value, int):
        return None if isinstance(value, bool) else value
    found = _SIZE.fullmatch(str(value)) if size else None
    if found and found["binary"]:
        return int(found["whole"]) * _UNITS[found["binary"]]
    if found:
        return int(float(found["number"]) * _UNITS[found["decimal"]])
    return _converted(int, value)


def as_float(value: Any) -> float | None:
    """The number that vLLM reads in a value, None where it reads none."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value
    return _converted(float, value)


def _converted(kind: Callable[[str], _Number], value: Any) -> _Number | None:
    try:
        return kind(str(value))
    except ValueError:
        return None
