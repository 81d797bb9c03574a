"""Which collections hold the projection now, and which are being built beside them: pure.

A generation of facts and of counters is a number in a collection's name. The pointer stands in every lane's
row: a batch writes its lane's row in its transaction, so a flip, which writes all of them, comes either
before or after each batch, never within.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Generation:
    facts: int
    counters: int

    def as_row(self) -> dict[str, int]:
        return {"facts": self.facts, "counters": self.counters}


@dataclass(frozen=True, slots=True)
class Pointer:
    """While `building` is set, whoever writes the current generation writes that one, too."""

    current: Generation
    building: Generation | None = None

    @property
    def recount(self) -> int | None:
        """The counters being built from the current facts."""
        if self.building and self.building.facts == self.current.facts:
            return self.building.counters
        return None

    @property
    def beside(self) -> Generation | None:
        """The facts and counters being built beside the current ones."""
        return self.building if self.building and self.recount is None else None

    def as_row(self) -> dict[str, Any]:
        return {"current": self.current.as_row(), "building": self.building.as_row() if self.building else None}


FIRST = Pointer(Generation(facts=1, counters=1))


def pointer_of(row: Mapping[str, Any]) -> Pointer:
    building = row.get("building")
    return Pointer(Generation(**row["current"]), Generation(**building) if building else None)


def newest_of_lanes(rows: Sequence[Mapping[str, Any]]) -> datetime | None:
    """When the newest event that took effect was recorded."""
    return max((row["newest"] for row in rows if row.get("newest")), default=None)
