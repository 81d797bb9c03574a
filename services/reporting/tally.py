"""What a document adds to the counters, how a change moves them, and which rows hold a sum: pure.

A contribution is the text `series|day|field`: `annual:|2016-03-04|in:locality`, `unit:NC|2016-03-04|new`.
A counter row holds one series and one period: a month's row its days, a year's row its months. So any
window is a few rows, however many documents there are.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

ANNUAL, UNIT, PERSON = "annual", "unit", "person"
UNASSIGNED = "unassigned"
YEAR, MONTH = "year", "month"
Delta = dict[tuple[str, str], int]


@dataclass(frozen=True, slots=True)
class Countable:
    """A document as far as it counts; days are ISO texts. Outgoing ones have neither unit nor person."""

    category: str
    arrived_on: str
    due_on: str | None = None
    done_on: str | None = None
    unit: str | None = None
    person: str | None = None


class RowKey(NamedTuple):
    """A counter row without its lane; `series` is its family and the unit or person, as `unit:NC`."""

    office: str
    series: str
    scale: str
    period: str

    @property
    def family(self) -> str:
        return self.series.partition(":")[0]

    @property
    def of(self) -> str:
        return self.series.partition(":")[2]

    def id(self, lane: int) -> str:
        return f"{self.office}|{self.series}|{self.scale}|{self.period}|{lane}"


def contributions(document: Countable) -> tuple[str, ...]:
    """All that the document adds one to."""
    annual = f"{ANNUAL}:|{document.arrived_on}|{document.category}"
    marks = handling_marks(document.arrived_on, document.due_on, document.done_on)
    series = [f"{UNIT}:{document.unit}"] if document.unit else []
    series += [f"{PERSON}:{document.person}"] if document.person else []
    return (annual, *(f"{each}|{day}|{field}" for each in series for day, field in marks))


def handling_marks(arrived_on: str, due_on: str | None, done_on: str | None) -> list[tuple[str, str]]:
    """Days and fields from whose sums up to a day the standard report follows exactly.

    The due day itself is within time: a document falls overdue on the day after it, or on its arrival when
    that is later. `done_on` is never before `arrived_on`.
    """
    marks = [(arrived_on, "new")]
    if done_on:
        marks.append((done_on, "done"))
    if due_on:
        overdue_on = day_after(due_on)
        marks += [(arrived_on, "new_due"), (max(overdue_on, arrived_on), "falls_overdue")]
        if done_on:
            verdict = "done_on_time" if done_on <= due_on else "done_late"
            marks += [(done_on, verdict), (max(overdue_on, done_on), "settled_overdue")]
    return marks


def move(delta: Delta, office: str, old: Iterable[str], new: Iterable[str]) -> None:
    """Add to `delta` what leads from the old contributions to the new ones."""
    for key in new:
        delta[office, key] = delta.get((office, key), 0) + 1
    for key in old:
        delta[office, key] = delta.get((office, key), 0) - 1


def by_row(delta: Mapping[tuple[str, str], int]) -> dict[RowKey, dict[str, int]]:
    """The delta as increments of rows: `{row: {"field.DD or field.MM": count}}`; zeros are left out."""
    rows: dict[RowKey, dict[str, int]] = {}
    for (office, key), count in delta.items():
        if count:
            series, day, field = key.rsplit("|", 2)
            rows.setdefault(RowKey(office, series, MONTH, day[:7]), {})[f"{field}.{day[8:]}"] = count
            months = rows.setdefault(RowKey(office, series, YEAR, day[:4]), {})
            month = f"{field}.{day[5:7]}"
            months[month] = months.get(month, 0) + count
    return {row: kept for row, counts in rows.items() if (kept := {path: n for path, n in counts.items() if n})}


@lru_cache(maxsize=1_000)
def day_after(day: str) -> str:
    return (date.fromisoformat(day) + timedelta(days=1)).isoformat()
