"""The yearly report beside the published table, from sums and hand-entered counts: pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from pydantic import BaseModel

from services.events import Direction
from services.reporting.categories import LINES, OTHER, PREFIX, names
from services.reporting.listing import FactQuery, link_to
from services.reporting.published import Label, PublishedHalf, PublishedTable
from services.reporting.sentences import Sentence, left_out, overlapping, unexplained
from services.reporting.window import Window


@dataclass(frozen=True, slots=True)
class PeriodCount:
    """A hand-entered count of what may not be on this system; ISO days, both included."""

    direction: Direction
    category: str
    first_day: str
    last_day: str
    count: int

    def lies_within(self, window: Window) -> bool:
        return window.first <= self.first_day and self.last_day <= window.last


class AnnualRow(BaseModel):
    """`counted` is `documents`, to which `facts` leads, and `hand_entered`. `difference` is counted less published."""

    code: str
    label: Label
    documents: int
    hand_entered: int
    counted: int
    published: int | None = None
    difference: int | None = None
    facts: str


class PublishedTotals(BaseModel):
    stated_total: int
    sum_of_parts: int
    unexplained: int


class AnnualHalf(BaseModel):
    rows: list[AnnualRow]
    total: AnnualRow
    published: PublishedTotals | None = None


class AnnualReport(BaseModel):
    incoming: AnnualHalf
    outgoing: AnnualHalf
    notes: list[Sentence]


def annual_report(
    window: Window, sums: Mapping[str, int], counts: Sequence[PeriodCount], published: PublishedTable | None
) -> AnnualReport:
    """`sums` are the window's documents by category code; counts that only overlap the window stay out, and are told."""
    within = [each for each in counts if each.lies_within(window)]
    halves = {
        direction: _half(window, direction, sums, within, published.half(direction) if published else None)
        for direction in Direction
    }
    return AnnualReport(
        incoming=halves[Direction.INCOMING],
        outgoing=halves[Direction.OUTGOING],
        notes=_notes(window, counts, within, published),
    )


def _half(
    window: Window,
    direction: Direction,
    sums: Mapping[str, int],
    counts: Sequence[PeriodCount],
    published: PublishedHalf | None,
) -> AnnualHalf:
    stated = {row.code: row.count for row in published.rows} if published else {}
    rows = []
    for code, vi, en in LINES[direction]:
        documents = sums.get(f"{PREFIX[direction]}:{code}", 0)
        by_hand = sum(each.count for each in counts if each.direction is direction and _line(each) == code)
        query = FactQuery(window, direction=direction, category=code)
        rows.append(_row(code, Label(vi=vi, en=en), documents, by_hand, stated.get(code), query))
    total = _row(
        "total",
        Label(vi="Tổng số", en="Total"),
        sum(row.documents for row in rows),
        sum(row.hand_entered for row in rows),
        published.stated_total if published else None,
        FactQuery(window, direction=direction),
    )
    return AnnualHalf(rows=rows, total=total, published=_totals(published) if published else None)


def _row(code: str, label: Label, documents: int, by_hand: int, published: int | None, query: FactQuery) -> AnnualRow:
    counted = documents + by_hand
    return AnnualRow(
        code=code,
        label=label,
        documents=documents,
        hand_entered=by_hand,
        counted=counted,
        published=published,
        difference=None if published is None else counted - published,
        facts=link_to(query),
    )


def _line(count: PeriodCount) -> str:
    return count.category if count.category in names(count.direction) else OTHER


def _totals(half: PublishedHalf) -> PublishedTotals:
    return PublishedTotals(stated_total=half.stated_total, sum_of_parts=half.sum_of_parts, unexplained=half.unexplained)


def _notes(
    window: Window, counts: Sequence[PeriodCount], within: Sequence[PeriodCount], published: PublishedTable | None
) -> list[Sentence]:
    notes = [unexplained(published.incoming.unexplained, published.outgoing.unexplained)] if published else []
    outside = [each for each in counts if each not in within]
    notes += [left_out(each.direction, each.count, each.first_day, each.last_day) for each in outside]
    for direction, code in sorted({(each.direction, _line(each)) for each in within}):
        same = [each for each in within if (each.direction, _line(each)) == (direction, code)]
        same.sort(key=lambda each: each.first_day)
        for earlier, later in pairwise(same):
            if later.first_day <= earlier.last_day:
                notes.append(overlapping(direction, later.first_day, earlier.last_day))
    return notes
