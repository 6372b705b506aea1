"""Secrets out of a record: by their values anywhere, and by where they stand (a key's name, a URL)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aim_runtime.given import is_secret_argument
from aim_runtime.redact import HIDDEN
from aim_runtime.redact import hide as hide_in_text
from aim_runtime.variables import SECRETS

# A signed address has its secret there.
_QUERY = re.compile(r"(://[^\s?\"']+\?)[^\s\"'#]+")
_SUFFIXES = ("KEY", "TOKEN", "SECRET", "PASSWORD", "PASSWD", "CREDENTIALS")


def hides(value: Any) -> bool:
    """Whether something in a value of a record was hidden."""
    if isinstance(value, Mapping):
        return any(map(hides, value.values()))
    if isinstance(value, list | tuple):
        return any(map(hides, value))
    return isinstance(value, str) and HIDDEN in value


@dataclass(frozen=True)
class Hider:
    """Knows the secrets of one run, and makes text and data without them."""

    _secrets: tuple[str, ...] = field(repr=False)

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Hider:
        """Collect the secrets of an environment: no argument of the engine is one (secret_arguments.py)."""
        return cls(tuple(sorted({value.strip() for name, value in environment.items() if _is_secret(name)})))

    def text(self, text: str) -> str:
        """Return `text` without the secrets, and as UTF-8 can have it."""
        clean = text.encode("utf-8", "replace").decode("utf-8")
        return _QUERY.sub(rf"\1{HIDDEN}", hide_in_text(clean, self._secrets))

    def data(self, value: Any) -> Any:
        """Return plain data without them; a key that is called as a secret argument has none below it."""
        if isinstance(value, Mapping):
            return {
                self.text(str(key)): HIDDEN
                if is_secret_argument(str(key)) and _is_said(each)
                else self.data(each)
                for key, each in value.items()
            }
        if isinstance(value, list | tuple):
            return [self.data(each) for each in value]
        return self.text(value) if isinstance(value, str) else value


def _is_said(value: Any) -> bool:
    """Whether it is a value: the switch `hf-token` is no secret."""
    return value is not None and not isinstance(value, bool)


def _is_secret(name: str) -> bool:
    return name in SECRETS or name.upper().endswith(_SUFFIXES)
