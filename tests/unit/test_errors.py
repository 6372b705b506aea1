"""The error tree: an exit code a kind, a code a failure, and the nearest right spelling."""

from __future__ import annotations

import pytest

from aim_runtime import errors
from aim_runtime.errors import AimError, did_you_mean, nearest


def all_errors() -> list[type[AimError]]:
    return [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, AimError)]


# The exit codes of the contract, by the first word of the stable code.
EXIT_CODES = {"config": 2, "hardware": 3, "profile": 4, "model": 5, "engine": 6, "check": 7, "deploy": 8}


@pytest.mark.parametrize("kind", [kind for kind in all_errors() if kind is not AimError])
def test_exit_code_follows_the_kind(kind: type[AimError]) -> None:
    assert kind.exit_code == EXIT_CODES[kind.code.partition(".")[0]]
    assert kind.__doc__


def test_every_error_has_a_code_of_its_own() -> None:
    codes = [kind.code for kind in all_errors()]
    assert len(codes) == len(set(codes))


def test_an_error_carries_message_and_hint() -> None:
    error = errors.InvalidValue("AIM_PORT=x: not a port number", hint="allowed: a number")
    assert (str(error), error.message, error.hint) == (
        error.message,
        "AIM_PORT=x: not a port number",
        error.hint,
    )
    assert errors.NoProfile("none").hint == ""


@pytest.mark.parametrize(
    ("value", "allowed", "expected"),
    [
        ("fp9", ["fp16", "fp8", "int4"], "fp8"),
        ("mi300", ["MI300X", "MI325X"], "MI300X"),
        ("LATENCI", ["latency", "throughput"], "latency"),
        ("banana", ["latency", "throughput"], None),
        ("x", [], None),
    ],
)
def test_nearest_ignores_case_and_keeps_the_spelling(
    value: str, allowed: list[str], expected: str | None
) -> None:
    assert nearest(value, allowed) == expected
    assert did_you_mean(value, allowed) == (f"; did you mean {expected}?" if expected else "")


def test_nearest_does_not_depend_on_the_order() -> None:
    words = ["fp4", "fp8", "fp16", "fp32"]
    assert {nearest("fp", words), nearest("fp", reversed(words)), nearest("fp", set(words))} == {
        nearest("fp", words)
    }


def test_cutoff_is_how_alike_they_must_be() -> None:
    assert nearest("AIM_PRECISON", ["AIM_PRECISION"], cutoff=0.85) == "AIM_PRECISION"
    assert nearest("AIM_FOO", ["AIM_PORT"], cutoff=0.85) is None
