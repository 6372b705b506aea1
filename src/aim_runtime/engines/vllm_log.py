"""What a line of vLLM's output says."""

from __future__ import annotations

from aim_runtime.engines.output_line import OutputLine


def read(text: str) -> OutputLine:
    """Read one line."""
    return OutputLine(text, text.strip())
