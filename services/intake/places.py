"""Who may upload at the same time. When all places are taken, whoever has most of them gives way. Pure."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

Sender = tuple[str, str]  # office and device


class Pacing(Protocol):
    """An upload in progress."""

    def due_at(self) -> float:
        """When it ends for being too slow, if nothing more of it comes."""
        ...

    def give_way(self) -> None:
        """End it."""
        ...


class NoPlace(Exception):
    """All places are taken, and no sender has more of them than the one who asks."""


class Places:
    """So a sender that holds many slow uploads can keep others out for no moment."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken: dict[Pacing, Sender] = {}

    @contextmanager
    def taken(self, sender: Sender, upload: Pacing) -> Iterator[None]:
        """Raises NoPlace."""
        if len(self._taken) >= self._most:
            self._make_room(sender)
        self._taken[upload] = sender
        try:
            yield
        finally:
            self._taken.pop(upload, None)

    def _make_room(self, sender: Sender) -> None:
        held = Counter(self._taken.values())
        greediest, most = held.most_common(1)[0]
        if most <= held[sender] + 1:
            raise NoPlace
        slowest = min((each for each, by in self._taken.items() if by == greediest), key=lambda each: each.due_at())
        del self._taken[slowest]
        slowest.give_way()
