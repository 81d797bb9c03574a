"""A bar with documents per second on a terminal, now and then a line elsewhere."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

LINE_SECONDS = 10.0
PACE_SECONDS = 5.0
Told = Callable[[int], None]


class Pace:
    """How many per second, over the last seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: list[tuple[float, int]] = []

    def per_second(self, done: int) -> float:
        now = self._clock()
        self._seen = [each for each in self._seen if now - each[0] <= PACE_SECONDS] + [(now, done)]
        began, had = self._seen[0]
        return (done - had) / (now - began) if now > began else 0.0


@contextmanager
def bar(console: Console, title: str, total: int, already: int = 0) -> Iterator[Told]:
    """What it gives is told how many are done by now, without those that were done already."""
    with _bar(console) as progress:
        task, pace, line_at = progress.add_task(title, total=total, pace=""), Pace(), time.monotonic() + LINE_SECONDS

        def told(done: int) -> None:
            nonlocal line_at
            per_second = f"{pace.per_second(done):,.0f}/s"
            progress.update(task, completed=already + done, pace=per_second)
            if not console.is_terminal and time.monotonic() > line_at:
                line_at = time.monotonic() + LINE_SECONDS
                console.print(f"  {already + done:,}/{total:,} · {per_second}", highlight=False)

        told(0)
        yield told


@contextmanager
def waiting(console: Console, title: str) -> Iterator[Told]:
    """What it gives is told how much is left."""
    with _bar(console) as progress:
        task, most = progress.add_task(title, total=None, pace=""), 0

        def told(left: int) -> None:
            nonlocal most
            most = max(most, left)
            progress.update(task, total=most or None, completed=most - left)

        yield told


def _bar(console: Console) -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[pace]}"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
