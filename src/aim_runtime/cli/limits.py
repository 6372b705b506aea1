"""The service level of a command's `--slo`."""

from __future__ import annotations

from aim_runtime.errors import InvalidValue
from aim_runtime.slo import Slo, parse_slo


def limits_of(text: str | None) -> Slo | None:
    """Read what `--slo` was given; None where it was not. Raises InvalidValue."""
    try:
        return None if text is None else parse_slo(text)
    except ValueError as error:
        raise InvalidValue(f"--slo: {error}", hint="as 'ttft_p90_ms<=500,tpot_p90_ms<=50'") from error
