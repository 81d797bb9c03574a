"""Which rows of a table can decide anything, given the rows before them. Pure.

A row is a box: in each column it takes some of the values. What is left of its box when the boxes before it are cut
out shows whether it is ever reached. A condition whose values cannot be told is taken as one that may hold or not,
whatever the values are: what is covered even then is covered for certain.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from services.routing.rules.axes import BOTH, axis_of
from services.routing.rules.conditions import Texts, condition_of
from services.routing.rules.table import Table, can_be, cell, is_default

MOST_ROWS = 1_000  # no office has so many; comparing each with each would take its time
MOST_STEPS = 2_000_000  # of one table, about a second: a table that needs more is left unchecked from there on
Box = tuple[int, ...]


class Verdict(StrEnum):
    REACHED = "reached"
    UNREACHABLE = "unreachable"
    UNCHECKED = "unchecked"


@dataclass(frozen=True, slots=True)
class Reach:
    """`hidden_by` are rows that together take all of it. `crossed_by` take a part of it, have more besides, and say
    something else: their order decides. `impossible` names a value that no document has."""

    row: int
    verdict: Verdict
    hidden_by: tuple[int, ...] = ()
    crossed_by: tuple[int, ...] = ()
    impossible: str = ""


@dataclass(frozen=True, slots=True)
class _Rows:
    """`loose` boxes take every value where a condition cannot be told: never less than the row takes."""

    boxes: Sequence[Box]
    loose: Sequence[Box]
    opaque: Sequence[bool]
    steps: "_Steps"


@dataclass
class _Steps:
    left: int = MOST_STEPS

    def take(self, pieces: int, box: Box) -> bool:
        """Whether there are so many left."""
        self.left -= pieces * max(1, len(box))
        return self.left >= 0


def reaches(table: Table) -> list[Reach]:
    """A verdict for each row, in the order of the table."""
    if len(table["rules"]) > MOST_ROWS:
        return [Reach(index, Verdict.UNCHECKED) for index in range(len(table["rules"]))]
    rows = _read(table)
    return [_reach(table, rows, index) for index in range(len(rows.boxes))]


def _read(table: Table) -> _Rows:
    columns = [[condition_of(cell(row, column)) for row in table["rules"]] for column in table["inputs"]]
    axes = [axis_of(column["field"], cells) for column, cells in zip(table["inputs"], columns, strict=True)]
    boxes, loose, opaque = [], [], []
    for conditions in zip(*columns, strict=True) if columns else [() for _ in table["rules"]]:
        sides = [axis.sides(each) for axis, each in zip(axes, conditions, strict=True)]
        boxes.append(tuple(side for each in sides for side in each))
        loose.append(tuple(side for each in sides for side in (each[0], *(BOTH for _ in each[1:]))))
        opaque.append(boxes[-1] != loose[-1])
    return _Rows(boxes, loose, opaque, _Steps())


def _reach(table: Table, rows: _Rows, index: int) -> Reach:
    box = rows.boxes[index]
    if 0 in box:
        return Reach(index, Verdict.UNREACHABLE, impossible=_impossible(table, index))
    if not rows.steps.take(index, box):
        return Reach(index, Verdict.UNCHECKED)
    before = [each for each in range(index) if _meet(rows.boxes[each], box)]
    whole = [each for each in before if _within(box, rows.boxes[each])]
    left, took = _left(rows, index, before, rows.boxes)
    if whole or left == 0:
        return Reach(index, Verdict.UNREACHABLE, hidden_by=tuple(whole[:1] or took))
    crossed = tuple(each for each in before if _crosses(table, rows, each, index))
    return Reach(index, _verdict(rows, index, before, left), crossed_by=crossed)


def _verdict(rows: _Rows, index: int, before: Sequence[int], left: int | None) -> Verdict:
    if left is None or rows.opaque[index]:
        return Verdict.UNCHECKED
    at_least, _ = _left(rows, index, before, rows.loose)
    return Verdict.REACHED if at_least else Verdict.UNCHECKED


def _crosses(table: Table, rows: _Rows, first: int, second: int) -> bool:
    """Not an exception that stands before its rule, and not the same answer."""
    if rows.opaque[first] or rows.opaque[second] or is_default(table, table["rules"][second]):
        return False
    one, other = ([cell(table["rules"][each], column) for column in table["outputs"]] for each in (first, second))
    return one != other and not _within(rows.boxes[first], rows.boxes[second])


def _impossible(table: Table, index: int) -> str:
    for column in table["inputs"]:
        condition = condition_of(cell(table["rules"][index], column))
        if isinstance(condition, Texts) and not any(can_be(column["field"], each) for each in condition.values):
            return f"the {column['field']} {' or '.join(sorted(condition.values))[:200]}"
    return "all that it asks for"


def _left(rows: _Rows, index: int, before: Sequence[int], boxes: Sequence[Box]) -> tuple[int | None, list[int]]:
    """How many pieces are left, and which boxes took something. None: it would take too long."""
    pieces = [rows.boxes[index]]
    took: list[int] = []
    for each in before:
        if not rows.steps.take(len(pieces), boxes[each]):
            return None, took
        cut = [left for piece in pieces for left in _cut(piece, boxes[each])]
        if cut != pieces:
            took.append(each)
        pieces = cut
    return len(pieces), took


def _cut(piece: Box, other: Box) -> list[Box]:
    """What is left of the piece without the other."""
    if not _meet(piece, other):
        return [piece]
    pieces, inner = [], list(piece)
    for place, side in enumerate(other):
        if outside := inner[place] & ~side:
            pieces.append((*inner[:place], outside, *inner[place + 1 :]))
            inner[place] &= side
    return pieces


def _meet(one: Box, other: Box) -> bool:
    return all(a & b for a, b in zip(one, other, strict=True))


def _within(one: Box, other: Box) -> bool:
    return not any(a & ~b for a, b in zip(one, other, strict=True))
