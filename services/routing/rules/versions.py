"""Which version of an office's rules counts on a day. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class RuleVersion:
    """Both days are included. A table that came with the office's file has neither dates nor an author."""

    version: int
    valid_from: date = date.min
    valid_to: date = date.max
    author: str = ""
    note: str = ""
    loaded_at: datetime | None = None

    def is_valid_on(self, day: date) -> bool:
        return self.valid_from <= day <= self.valid_to


def table_on(versions: Iterable[RuleVersion], day: date) -> RuleVersion | None:
    """The newest version whose dates include the day; None where there is none, and no row matches then."""
    return max((each for each in versions if each.is_valid_on(day)), key=lambda each: each.version, default=None)


def counting_from(versions: Iterable[RuleVersion], since: date) -> list[RuleVersion]:
    """Those that decide on that day or any later one, oldest first."""
    known = list(versions)
    found = {each for day in _turns(known, since) if (each := table_on(known, day))}
    return sorted(found, key=lambda each: each.version)


def uncovered(versions: Iterable[RuleVersion], since: date) -> list[tuple[date, date]]:
    """From that day on, the first and last day of each time without rules."""
    known = list(versions)
    turns = _turns(known, since)
    ends = [*(each - ONE_DAY for each in turns[1:]), date.max]
    return [(first, last) for first, last in zip(turns, ends, strict=True) if table_on(known, first) is None]


def _turns(versions: Iterable[RuleVersion], since: date) -> list[date]:
    """The days from `since` on at which another version may begin to count."""
    days = {since}
    for each in versions:
        days |= {each.valid_from} | ({each.valid_to + ONE_DAY} if each.valid_to < date.max else set())
    return sorted(day for day in days if day >= since)
