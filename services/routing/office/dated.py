"""What is true from one day to another: rows that hold for a time, both of their days included. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import Protocol, TypeVar

from pydantic import BaseModel, ConfigDict

ONE_DAY = timedelta(days=1)


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Dated(Part):
    """Without a `valid_from` it has always been so, without a `valid_to` nobody knows an end."""

    valid_from: date | None = None
    valid_to: date | None = None

    @property
    def first_day(self) -> date:
        return self.valid_from or date.min

    @property
    def last_day(self) -> date:
        return self.valid_to or date.max

    def is_valid_on(self, day: date) -> bool:
        return self.first_day <= day <= self.last_day


class Identified(Protocol):
    @property
    def id(self) -> str: ...


Row = TypeVar("Row", bound=Dated)
Thing = TypeVar("Thing", bound=Identified)


def by_id(rows: Iterable[Thing]) -> dict[str, list[Thing]]:
    """Each thing's rows, the things in the order of their first ones."""
    found: dict[str, list[Thing]] = {}
    for each in rows:
        found.setdefault(each.id, []).append(each)
    return found


def on(rows: Iterable[Row], day: date) -> tuple[Row, ...]:
    """Those that hold on the day."""
    return tuple(each for each in rows if each.is_valid_on(day))


def nearest(rows: Sequence[Row], day: date) -> Row:
    """Of the rows of one thing the one that holds on the day; else the last before it, else the first after it."""
    past = [each for each in rows if each.first_day <= day]
    return max(past, key=_first_day) if past else min(rows, key=_first_day)


def overlaps(rows: Iterable[Row]) -> Iterator[tuple[Row, Row]]:
    """Rows that follow each other too early, as (earlier, later); of rows that end before they begin it says nothing."""
    ordered = sorted((each for each in rows if each.first_day <= each.last_day), key=_first_day)
    reaching = ordered[:1]
    for each in ordered[1:]:
        if each.first_day <= reaching[0].last_day:
            yield reaching[0], each
        if each.last_day > reaching[0].last_day:
            reaching = [each]


def first_gap(rows: Iterable[Row], first_day: date, last_day: date) -> date | None:
    """The first day of the time on which none of the rows holds."""
    day = first_day
    for each in sorted(rows, key=_first_day):
        if each.first_day > day:
            break
        if each.last_day >= last_day:
            return None
        day = max(day, each.last_day + ONE_DAY)
    return day if day <= last_day else None


def turns(row: Dated) -> Iterator[date]:
    """The days on which it begins to hold, and no longer holds."""
    if row.valid_from is not None:
        yield row.valid_from
    if row.valid_to is not None and row.valid_to < date.max:
        yield row.valid_to + ONE_DAY


def _first_day(row: Dated) -> date:
    return row.first_day
