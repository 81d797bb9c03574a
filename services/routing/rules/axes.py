"""What the cells of a column tell apart: a column's values in classes, and each cell as the classes it holds. Pure.

Values that no cell tells apart are one class, so a column has few. A set of classes is a number, one bit for each.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

from services.routing.rules.conditions import Anything, Condition, Opaque, Spans, Texts
from services.routing.rules.table import CLOSED, can_be

BOTH, HOLDS = 3, 1
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Axis:
    """`everything` holds each class. `opaque` conditions of the column are axes of their own: they hold or do not."""

    everything: int
    opaque: tuple[Condition, ...]
    holds: Callable[[Condition], int]

    def sides(self, condition: Condition) -> tuple[int, ...]:
        """The classes that meet it, then for each opaque condition whether it has to hold."""
        if condition in self.opaque:
            return self.everything, *(HOLDS if each == condition else BOTH for each in self.opaque)
        return self.holds(condition), *(BOTH for _ in self.opaque)


def axis_of(field: str, conditions: Iterable[Condition]) -> Axis:
    """Where numbers, days and texts stand in one column, the ones that are fewer are opaque."""
    cells = [each for each in conditions if not isinstance(each, Anything)]
    texts = [each for each in cells if isinstance(each, Texts)]
    spans = [each for each in cells if isinstance(each, Spans)]
    days = [each for each in spans if each.days]
    spans = days if 2 * len(days) >= len(spans) else [each for each in spans if not each.days]
    if len(spans) > len(texts):
        return _axis(_points(spans), _lies_in, _rest(cells, spans))
    return _axis(_values(field, texts), _is_among, _rest(cells, texts))


def _rest(cells: Sequence[Condition], told: Sequence[Condition]) -> tuple[Condition, ...]:
    return tuple(dict.fromkeys(each for each in cells if each not in told))


def _axis(classes: Sequence[V], meets: Callable[[V, Condition], bool], opaque: tuple[Condition, ...]) -> Axis:
    everything = (1 << len(classes)) - 1

    def holds(condition: Condition) -> int:
        if isinstance(condition, Anything | Opaque):
            return everything
        return sum(1 << place for place, value in enumerate(classes) if meets(value, condition))

    return Axis(everything, opaque, holds)


def _values(field: str, texts: Sequence[Texts]) -> Sequence[str | None]:
    """None stands for every text that no cell names."""
    if field in CLOSED:
        return sorted(CLOSED[field])
    named = sorted(frozenset[str]().union(*(each.values for each in texts)))
    return [*(each for each in named if can_be(field, each)), None]


def _is_among(value: str | None, cell: Condition) -> bool:
    return isinstance(cell, Texts) and (value in cell.values) is not cell.negated


def _points(spans: Sequence[Spans]) -> list[float]:
    """Every bound, and something between each two, before the first and after the last."""
    ends = {end for each in spans for span in each.spans for end in (span.low, span.high)}
    bounds = sorted(each for each in ends if abs(each) != float("inf"))
    if not bounds:
        return [0.0]
    between = [low + (1.0 if spans[0].days else (high - low) / 2) for low, high in pairwise(bounds)]
    return sorted({bounds[0] - 1, *bounds, *between, bounds[-1] + 1})


def _lies_in(value: float, cell: Condition) -> bool:
    return isinstance(cell, Spans) and any(span.holds(value) for span in cell.spans)
