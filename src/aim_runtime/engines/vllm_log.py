"""What a line of vLLM's output says: of versions 0.9 to 0.32, and of the libraries that print beside it.

vLLM writes `(EngineCore pid=7) INFO 11-25 12:00:00 [core.py:77] message`, with the process in front since
0.10 (workers had it before, as `(VllmWorker rank=0 pid=7)`); older versions prefix the lines of libraries
with the process too. Progress bars are tqdm's, and a log line may follow one without a line end.
"""

from __future__ import annotations

import re

from aim_runtime.engines import foreign_log
from aim_runtime.engines.output_line import OutputLine
from aim_runtime.engines.vllm_phases import kv_tokens, phase_of, skipped

_COLOUR = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_PROCESS = re.compile(r"\(([A-Za-z][\w.:-]*)(?: (?:rank=)?(\w+))? pid=\d+(?:, ip=[^)]*)?\)\s?")
_LINE = re.compile(
    r"\b(DEBUG|INFO|WARNING|ERROR|CRITICAL) \d\d-\d\d \d\d:\d\d:\d\d \[?([^\]\s:]+):\d+\] ?(.*)", re.DOTALL
)
_BAR = re.compile(r"(?P<what>[^|]*?):?\s*(?P<percent>\d{1,3})%(?: Completed)?\s?\|.*?[\d.]+\w*/[\d.]+\w* \[")
_LONGEST_BAR = 2000  # characters
_REQUEST = re.compile(
    r"\b(?:[Rr]equest(?:\(s\)|_id[=:])? ?'?(?=[\w-]*\d)([A-Za-z]\w*-[\w-]{6,})"
    r"|((?:chatcmpl|cmpl|embd|resp|pool|score|rerank|classify)-[0-9a-f][\w-]{7,}))"
)


def read(text: str) -> OutputLine:
    """Read one line, whatever it is."""
    # Of a bar that overwrote itself only the last state is of interest.
    bare = _COLOUR.sub("", text).rstrip().rsplit("\r", 1)[-1]
    own = _LINE.search(bare)
    if own:
        return _own(text, own, bare[: own.start()])
    prefix = _PROCESS.match(bare)
    process, rest = (_name(prefix), bare[prefix.end() :]) if prefix else (None, bare)
    bar = _BAR.match(rest[:_LONGEST_BAR])
    if bar:
        what, percent = bar["what"].strip(), min(float(bar["percent"]), 100.0)
        message = f"{what}: {percent:.0f} %"
        phase = phase_of(what)
        return OutputLine(text, message, name="vllm", phase=phase, percent=percent, process=process)
    said = foreign_log.read(rest)
    return OutputLine(
        *(text, said.message, said.level, said.name),
        request_id=_request(said.message),
        process=process or said.process,
        continues=said.continues,
    )


def _own(text: str, match: re.Match[str], before: str) -> OutputLine:
    """A line of vLLM's own logger; a bar may stand before it."""
    level, file, message = match[1], match[2], match[3]
    stem = file.rsplit("/", 1)[-1].removesuffix(".py").removesuffix(".rs")  # Rust: its other front end
    prefix = _PROCESS.search(before)
    phase = phase_of(message) or phase_of(before)
    return OutputLine(
        *(text, message, level, "vllm" if stem == "__init__" else f"vllm.{stem}"),
        phase=phase,
        request_id=_request(message),
        known=True,
        process=_name(prefix) if prefix else None,
        kv_tokens=kv_tokens(message),
        skips=skipped(message),
    )


def _name(prefix: re.Match[str]) -> str:
    return f"{prefix[1]}_{prefix[2]}" if prefix[2] else prefix[1]


def _request(message: str) -> str | None:
    match = _REQUEST.search(message)
    return (match[1] or match[2]).rstrip("-") if match else None
