"""Which tokenizer counts the tokens of a prompt, so that it has as many as its point says."""

from __future__ import annotations

import json
import re
import urllib.request
from http.client import HTTPException
from pathlib import Path

from aim_runtime.errors import InvalidValue, MissingSetting
from aim_runtime.service.target import Service

_FILES = ("tokenizer.json", "tokenizer_config.json", "tokenizer.model", "tekken.json", "vocab.json")
_ANSWER_WITHIN_S = 30.0
_ON_THE_HUB = re.compile(r"[\w.-]+(/[\w.-]+)?")
_HINT = (
    "say --tokenizer FOLDER, one that has tokenizer.json, or --tokenizer ORG/MODEL of the Hugging Face hub"
)


def tokenizer_for(service: Service, given: Path | str | None, key: str | None = None) -> str:
    """The folder or the hub's name of the tokenizer: what was given, else the weights that are served.

    A service on this machine tells where its weights are. Raises InvalidValue, MissingSetting.
    """
    if given is not None:
        return _given(str(given))
    folder = _root(service, key)
    if folder is None or not _has_one(folder):
        raise MissingSetting(f"no tokenizer of {service.model} is known on this machine", hint=_HINT)
    return str(folder)


def is_local(tokenizer: str) -> bool:
    """Whether it is a folder, for which nobody need be asked."""
    return Path(tokenizer).is_dir()


def _given(tokenizer: str) -> str:
    folder = Path(tokenizer).expanduser()
    if folder.is_dir():
        if not _has_one(folder):
            raise InvalidValue(f"{folder} has no tokenizer", hint=_HINT)
        return str(folder.resolve())
    if folder.is_absolute() or tokenizer.startswith(".") or not _ON_THE_HUB.fullmatch(tokenizer):
        raise InvalidValue(f"{tokenizer} is neither a folder nor a name of the hub", hint=_HINT)
    return tokenizer


def _has_one(folder: Path) -> bool:
    return any((folder / name).is_file() for name in _FILES)


def _root(service: Service, key: str | None) -> Path | None:
    """The folder of the weights that vLLM serves, which it tells as `root`; None where it does not."""
    request = urllib.request.Request(
        f"{service.api}/models", headers={"Authorization": f"Bearer {key}"} if key else {}
    )
    try:
        with urllib.request.urlopen(request, timeout=_ANSWER_WITHIN_S) as answer:
            served = {each["id"]: each.get("root") for each in json.load(answer)["data"]}
    except (OSError, HTTPException, ValueError, KeyError, TypeError, AttributeError):
        return None
    root = served.get(service.model)
    return Path(root) if root else None
