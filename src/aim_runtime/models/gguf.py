"""The models room: GGUF weights, which the engine does not read, made into safetensors."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from aim_runtime.errors import ConversionFailed
from aim_runtime.models import background
from aim_runtime.models.events import Notice, Progress, Report
from aim_runtime.models.words import last_lines

_SCRIPT = Path(__file__).with_name("gguf_to_safetensors.py")


def find(folder: Path) -> Path | None:
    """Return the GGUF file of `folder` when it is the only kind of weights there."""
    files = sorted(folder.glob("*.gguf"))
    return files[0] if files and not any(folder.glob("*.safetensors")) else None


def convert(
    gguf: Path, into: Path, python: Path | None, report: Report, *, environment: Mapping[str, str]
) -> None:
    """Write the model in `gguf` to the folder `into` as bfloat16 safetensors, or raise ConversionFailed.

    `python` is the engine's interpreter, which has the libraries for it; this package's may not. Needs
    about twice the memory of the bfloat16 weights.
    """
    if python is None:
        raise ConversionFailed(
            f"{gguf.name} must be converted, which needs the engine's Python, and no engine was found",
            hint="install the engine, or name a source that has safetensors",
        )
    report(Notice(f"converting {gguf.name} to safetensors"))
    try:
        status, output = background.run(
            [str(python), str(_SCRIPT), str(gguf), str(into)],
            environment={**environment, "HF_HUB_OFFLINE": "1"},
            log=gguf.with_suffix(".log"),
            watch=lambda: report(Progress("convert", background.bytes_below(into))),
        )
    except OSError as error:
        raise ConversionFailed(f"cannot start {python}: {error.strerror}") from error
    if status != 0:
        how = f"it was killed by signal {-status}" if status < 0 else last_lines(output, 5)
        raise ConversionFailed(
            f"{gguf.name} could not be converted: {how}",
            hint=f"{python} -m pip install transformers gguf accelerate torch"
            if status > 0
            else "the machine may be out of memory",
        )
