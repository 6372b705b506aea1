"""What is evaluated and how: the shipped settings, a settings file over them, arguments over both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from aim_runtime.errors import ConfigError, InvalidValue, did_you_mean

COMPLETIONS, CHAT = "local-completions", "local-chat-completions"


@dataclass(frozen=True)
class EvaluationSettings:
    """As settings.yaml has them; the names are lm-eval's where it has one."""

    tasks: tuple[str, ...]
    num_fewshot: int | None
    limit: int | None
    model_type: Literal["local-completions", "local-chat-completions"]
    apply_chat_template: bool
    system_instruction: str | None
    batch_size: int | Literal["auto"]
    max_gen_toks: int
    max_length: int
    max_retries: int
    num_concurrent: int | None
    request_timeout_s: float | None
    seed: int
    tokenizer: str | None
    include_path: str | None
    gen_kwargs: dict[str, Any]
    preferred_filter: str

    @property
    def question(self) -> dict[str, Any]:
        """What must be the same for two evaluations to be compared; the rest is how fast it goes."""
        ours = asdict(self)
        names = (
            "model_type",
            "apply_chat_template",
            "system_instruction",
            "max_gen_toks",
            "seed",
            "gen_kwargs",
        )
        return {"tasks": sorted(self.tasks), **{name: ours[name] for name in names}}


_NAMES = tuple(field.name for field in fields(EvaluationSettings))
# The least that a number may be.
_LEAST = {
    "num_fewshot": 0,
    "limit": 1,
    "batch_size": 1,
    "max_gen_toks": 1,
    "max_length": 2,
    "max_retries": 1,
    "num_concurrent": 1,
    "request_timeout_s": 1,
    "seed": 0,
}


def load(path: Path | None, given: Mapping[str, Any]) -> EvaluationSettings:
    """The shipped settings, with those of the file and then those given (None is not given) in their place.

    Raises ConfigError for a file that cannot be read, InvalidValue for what it may not say.
    """
    shipped = _document(files("aim_runtime.evaluate").joinpath("settings.yaml").read_text(), "settings.yaml")
    found = _read(path) if path else {}
    over = {name: value for name, value in given.items() if value is not None}
    settings = _settings({**shipped, **found, **over}, str(path) if path else "the settings")
    return replace(settings, tasks=tuple(_task(name) for name in settings.tasks))


def _task(name: str) -> str:
    """lm-eval writes names with underscores; ours may be written as the other words of a command line."""
    return name.replace("-", "_") if name.startswith("aim-") else name


def _read(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error
    found = _document(text, str(path))
    for name in found:
        if name not in _NAMES:
            raise InvalidValue(
                f"{path}: there is no setting {name}{did_you_mean(str(name), _NAMES)}",
                hint=f"the settings are {', '.join(_NAMES)}",
            )
    return found


def _document(text: str, where: str) -> dict[str, Any]:
    import yaml

    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InvalidValue(f"{where} is not YAML: {' '.join(str(error).split())}") from error
    if found is not None and not isinstance(found, dict):
        raise InvalidValue(f"{where} is not a mapping of settings")
    return found or {}


def _settings(values: Mapping[str, Any], where: str) -> EvaluationSettings:
    import msgspec  # checks the types of what a person wrote

    try:
        settings = msgspec.convert(dict(values), EvaluationSettings)
    except msgspec.ValidationError as error:
        raise InvalidValue(f"{where}: {error}") from error
    for name, least in _LEAST.items():
        value = getattr(settings, name)
        if isinstance(value, int | float) and value < least:
            raise InvalidValue(f"{where}: {name} is {value:g}, and at least {least} is needed")
    if not settings.tasks or not all(settings.tasks):
        raise InvalidValue(f"{where}: tasks is empty")
    if settings.model_type == CHAT and not settings.apply_chat_template:
        raise InvalidValue(f"{where}: {CHAT} is for messages: apply_chat_template cannot be false")
    return settings
