"""One bar on a terminal, with a title and a word at its end: for what is counted in requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress


class Bar:
    """Drawn from the first `draw` until `end`, and nothing is left of it then."""

    def __init__(self) -> None:
        self._drawn: Progress | None = None

    def draw(self, title: str, done: float, total: float, said: str) -> None:
        if self._drawn is None:
            self._drawn = _progress()
            self._drawn.start()
            self._drawn.add_task(title, total=total, said=said)
        task = self._drawn.task_ids[0]
        self._drawn.update(task, description=title, completed=done, total=total, said=said)

    def end(self) -> None:
        """Leave the screen to others."""
        if self._drawn is not None:
            self._drawn.stop()
            self._drawn = None


def _progress() -> Progress:
    from rich.console import Console  # only a terminal pays for this
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        TextColumn("{task.fields[said]}"),
        console=Console(stderr=True),
        expand=True,
        transient=True,
    )
