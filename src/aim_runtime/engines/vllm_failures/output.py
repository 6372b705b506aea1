"""vLLM's last words, cleaned: what each process said, without prefixes, and which line is the root cause.

A failure is told several times: the engine's core logs the traceback line by line, prints it once more
when its process ends, and the API server ends with a traceback of its own that says only that something
is wrong above.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from aim_runtime.engines.output_line import OutputLine

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
# (EngineCore pid=7), (Worker_TP0 pid=8), (RayWorkerWrapper pid=9, ip=10.0.0.1), [rank0]:
_PROCESS = re.compile(r"(?:\([^()]*\bpid=\d+[^()]*\)|\[rank\d+\]:) ?")
# `ERROR 11-25 13:30:22 [core.py:1510] `; before vLLM 0.8 the place had no brackets.
_STAMP = re.compile(r"(DEBUG|INFO|WARNING|ERROR|CRITICAL) \d\d-\d\d \d\d:\d\d:\d\d \[?[\w./-]+:\d+\]? ?")
# glog, which PyTorch and RCCL's callers use: `[W1125 13:30:27.3 ProcessGroupNCCL.cpp:1554] `
_NATIVE = re.compile(r"\[?([IWEF])(?:\d{4} [\d:.]+(?: +\d+)?)? [\w./-]+\.\w+:\d+\] ?")
# A frame of a traceback, the code it shows, and argparse's usage: words of programs, not of what happened.
_FRAME = re.compile(r" {2}File \"| {4}")
_QUIET = frozenset(["DEBUG", "INFO", "WARNING", "I", "W"])

# Uvicorn's word for a request that was answered well: what came before it did not end the engine.
_SERVED = re.compile(r'"POST \S+ HTTP/[\d.]+" [23]\d\d')

# The last line of a traceback: the exception's name with its module, and what it says.
_EXCEPTION = re.compile(r"(?:\w+\.)*[A-Z]\w*(?:Error|Exception|Exit|Interrupt|Timeout|Killed)(?:: .*|$)")
_MEANWHILE = "During handling of the above exception, another exception occurred"
# Exceptions that only say that another process has said why.
_OUTER = re.compile(
    r"Engine core initialization failed|Frontend process failed during|initialization failed due to an? exc"
    r"|EngineDeadError|EngineCore encountered an issue|^SystemExit|^KeyboardInterrupt|CancelledError"
    r"|BrokenPipeError|^EOFError|died with exit code|Engine process failed to start"
    r"|AsyncLLM output_handler failed|failed to start\.$|encountered a fatal error|^Traceback "
)
# A worker's failure as its executor passes it on.
_PASSED_ON = re.compile(r"Worker failed with error ['\"](?P<what>.*?)['\"]?(?:, please check .*)?$")
_FATAL = re.compile(r"(?i)fatal|terminate called|\bwhat\(\):|\babort|panic|(?-i:(?:Error|Exception): )")


@dataclass(frozen=True)
class Said:
    """One line: `text` without prefixes, `raw` as it came, `level` as far as it has one."""

    text: str
    raw: str
    level: str = ""

    @property
    def matters(self) -> bool:
        """Whether it may say why the engine ended: what is logged as a warning did not end it."""
        return self.level not in _QUIET and bool(self.text.strip()) and not self.is_frame

    @property
    def is_frame(self) -> bool:
        return _FRAME.match(self.text) is not None


def said(lines: Iterable[OutputLine]) -> list[Said]:
    """Clean the lines; where requests were answered among them, only what came after the last of those."""
    cleaned = [_clean(line.text) for line in lines]
    served = [number for number, line in enumerate(cleaned) if _SERVED.search(line.text)]
    return cleaned[served[-1] + 1 :] if served else cleaned


def _clean(raw: str) -> Said:
    text, level = _COLOUR.sub("", raw).rstrip(), ""
    while match := _PROCESS.match(text):
        text = text[match.end() :]
    if match := _STAMP.match(text) or _NATIVE.match(text):
        text, level = text[match.end() :], match[1]
    return Said(text, raw.strip(), level)


def root_cause(lines: Sequence[Said]) -> Said | None:
    """The exception that the others follow from."""
    return next(_exceptions(lines), None)


def last_complaint(lines: Sequence[Said]) -> Said | None:
    """The last line that is an error, where there is no exception."""
    told = [line for line in lines if line.matters]
    for wanted in (_is_error, lambda line: _FATAL.search(line.text)):
        if found := [line for line in told if wanted(line)]:
            return found[-1]
    return None


def _is_error(line: Said) -> bool:
    return line.level in ("ERROR", "CRITICAL", "E", "F") and not _OUTER.search(line.text)


def _exceptions(lines: Sequence[Said]) -> Iterator[Said]:
    """The exceptions that are more than a hint at others, each in its process's order.

    One that was raised while another was handled stands for both: its author knew of the other.
    """
    waiting: Said | None = None
    for line in lines:
        if not line.matters:
            continue
        if line.text.startswith(_MEANWHILE):
            waiting = None
            continue
        if _EXCEPTION.match(line.text) and not _OUTER.search(line.text):
            if waiting is not None:
                yield waiting
            waiting = _unwrapped(line)
    if waiting is not None:
        yield waiting


def _unwrapped(line: Said) -> Said:
    match = _PASSED_ON.search(line.text)
    return Said(match["what"], line.raw, line.level) if match else line
