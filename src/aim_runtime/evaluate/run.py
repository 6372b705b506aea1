"""Evaluate a service: lm-eval asks it, and what it answered is read."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from aim_runtime.errors import EvaluationFailed
from aim_runtime.evaluate import backend, scores
from aim_runtime.evaluate.model import Served
from aim_runtime.evaluate.result import Evaluation
from aim_runtime.evaluate.settings import CHAT, EvaluationSettings

LOG = "lm_eval.log"
_KEY = "VLLM_API_KEY"
# Up to so many accelerators, so many requests at once; with more, so many.
_FEW, _AT_ONCE, _AT_ONCE_OF_MANY = 2, 32, 64
_TIMEOUT_GPU_S, _TIMEOUT_S = 600, 1800
SHIPPED = frozenset({"aim_smoke", "aim_choices", "aim_answers"})


@dataclass(frozen=True)
class Ran:
    """The evaluation, and lm-eval's own document."""

    evaluation: Evaluation
    document: dict[str, Any]


def fitted(settings: EvaluationSettings, served: Served) -> tuple[EvaluationSettings, tuple[str, ...]]:
    """The settings with what service and machine are good for, and what that changes, in words."""
    length, answer = settings.max_length, settings.max_gen_toks
    said: tuple[str, ...] = ()
    if served.max_length is not None:
        length = min(length, served.max_length)
    answer = min(answer, length // 2)
    if answer < settings.max_gen_toks:
        said = (
            f"answers are cut at {answer} tokens, not {settings.max_gen_toks}: "
            f"the service takes {length} in all",
        )
    many = (served.accelerators or 1) > _FEW
    timeout = _TIMEOUT_GPU_S if served.accelerator_type == "gpu" else _TIMEOUT_S
    return (
        replace(
            settings,
            max_length=length,
            max_gen_toks=answer,
            num_concurrent=settings.num_concurrent or (_AT_ONCE_OF_MANY if many else _AT_ONCE),
            request_timeout_s=settings.request_timeout_s or timeout,
            tokenizer=settings.tokenizer or served.weights,
        ),
        said,
    )


def evaluate(
    served: Served,
    settings: EvaluationSettings,
    command: list[str],
    environment: Mapping[str, str],
    work: Path,
    log: Path,
    tell: backend.Tell,
    within_s: float | None = None,
) -> Ran:
    """Ask all questions; `settings` are fitted, `work` is an empty folder for files on the way.

    What lm-eval says goes to `log`. Raises EvaluationFailed.
    """
    began, date = time.monotonic(), datetime.now(UTC).isoformat(timespec="seconds")
    with as_file(files("aim_runtime.evaluate").joinpath("tasks")) as folder:
        path = work / "lm_eval.json"
        path.write_text(_json(_lm_eval(served, settings, _tasks(folder, work), work)))
        backend.run(
            [*command, "run", "--config", str(path)],
            _environment(environment, settings, work),
            log,
            tell,
            within_s,
        )
    tasks, document = scores.read(work / "out", settings.preferred_filter)
    if not tasks:
        raise EvaluationFailed("lm-eval ran no task")
    evaluation = Evaluation(
        model=served.service.model,
        service_url=served.service.url,
        profile_id=served.profile_id,
        engine=served.engine,
        backend=f"lm-eval {document.get('lm_eval_version')}",
        date=date,
        seconds=time.monotonic() - began,
        question=settings.question,
        tasks=tasks,
    )
    return Ran(evaluation, document)


def _tasks(folder: Path, work: Path) -> Path:
    """Our tasks, with the whole paths of their questions: lm-eval takes them from where it is started."""
    import yaml

    ours = work / "tasks"
    ours.mkdir()
    for path in sorted(folder.glob("*.yaml")):
        task = yaml.safe_load(path.read_text(encoding="utf-8"))
        named = task.get("dataset_kwargs", {}).get("data_files", {})
        named.update({split: str(folder / name) for split, name in named.items()})
        (ours / path.name).write_text(_json(task))  # JSON is YAML
    return ours


def _lm_eval(served: Served, settings: EvaluationSettings, tasks: Path, work: Path) -> dict[str, Any]:
    """The file that lm-eval is started with; nothing of it is on its command line."""
    chat = settings.model_type == CHAT
    model = {
        "model": served.service.model,
        "base_url": f"{served.service.api}/{'chat/completions' if chat else 'completions'}",
        "num_concurrent": settings.num_concurrent,
        "max_retries": settings.max_retries,
        "timeout": settings.request_timeout_s,
        "max_length": settings.max_length,
        "max_gen_toks": settings.max_gen_toks,
        "seed": settings.seed,
    }
    if settings.tokenizer and not chat:
        model |= {"tokenizer": settings.tokenizer, "tokenizer_backend": "huggingface"}
    return {
        "model": settings.model_type,
        "model_args": model,
        "tasks": list(settings.tasks),
        "num_fewshot": settings.num_fewshot,
        "limit": settings.limit,
        "apply_chat_template": settings.apply_chat_template,
        "system_instruction": settings.system_instruction,
        "batch_size": settings.batch_size,
        "gen_kwargs": settings.gen_kwargs,
        "seed": [settings.seed] * 4,
        "log_samples": True,
        "output_path": str(work / "out"),
        "include_path": [str(tasks), *([settings.include_path] if settings.include_path else [])],
    }


def _environment(environment: Mapping[str, str], settings: EvaluationSettings, work: Path) -> dict[str, str]:
    ours = {
        "OPENAI_API_KEY": environment.get(_KEY, ""),
        # Else every start asks the hub for a newer tokenizer; and no figures of use are sent anywhere.
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "PYTHONUNBUFFERED": "1",
        "COLUMNS": "120",
    }
    if set(settings.tasks) <= SHIPPED:
        ours |= {"HF_DATASETS_OFFLINE": "1", "HF_DATASETS_CACHE": str(work / "datasets")}
        if settings.tokenizer and Path(settings.tokenizer).is_dir():
            ours["HF_HUB_OFFLINE"] = "1"
    # Its environment is its own: what our Python is told is not for that one.
    kept = {
        name: value for name, value in environment.items() if name not in ("PYTHONPATH", "PYTHONHOME", _KEY)
    }
    return {**kept, **ours}


def _json(value: object) -> str:
    import json

    return json.dumps(value, indent=2)
