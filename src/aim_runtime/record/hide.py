"""Secrets out of a record: by where they stand (an argument's name, a URL), and by their values anywhere."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aim_runtime.given import is_secret_argument, secrets_of_arguments, secrets_of_tokens
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
    def of(
        cls,
        environment: Mapping[str, str],
        commands: Iterable[Iterable[str]] = (),
        arguments: Iterable[Mapping[str, Any]] = (),
    ) -> Hider:
        """Collect the secrets of an environment, of command lines and of engine arguments."""
        found = {value.strip() for name, value in environment.items() if _is_secret(name)}
        found |= {value for tokens in commands for value in secrets_of_tokens(tokens)}
        found |= {value for mapping in arguments for value in secrets_of_arguments(mapping)}
        return cls(tuple(sorted(found)))

    def text(self, text: str) -> str:
        """Return `text` without the secrets, and as UTF-8 can have it."""
        clean = text.encode("utf-8", "replace").decode("utf-8")
        return _QUERY.sub(rf"\1{HIDDEN}", hide_in_text(clean, self._secrets))

    def tokens(self, tokens: Iterable[str]) -> list[str]:
        """Return an argv without them."""
        shown: list[str] = []
        hide = False
        for token in tokens:
            if token.startswith("--"):
                key, equals, _ = token.partition("=")
                hide = is_secret_argument(key)
                shown.append(f"{key}={HIDDEN}" if hide and equals else self.text(token))
            else:
                shown.append(HIDDEN if hide else self.text(token))
        return shown

    def data(self, value: Any) -> Any:
        """Return plain data without them, the values of secret arguments hidden at any depth."""
        if isinstance(value, Mapping):
            return {
                self.text(str(key)): HIDDEN if is_secret_argument(str(key)) else self.data(each)
                for key, each in value.items()
            }
        if isinstance(value, list | tuple):
            return [self.data(each) for each in value]
        return self.text(value) if isinstance(value, str) else value

    def json(self, text: str) -> str:
        """Return a text that may be a JSON object without them; without secrets it stays as it is."""
        try:
            found = json.loads(text)
        except ValueError:
            return self.text(text)
        hidden = self.data(found)
        return self.text(text) if hidden == found else json.dumps(hidden, ensure_ascii=False)


def _is_secret(name: str) -> bool:
    return name in SECRETS or name.upper().endswith(_SUFFIXES)
