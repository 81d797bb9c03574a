"""Working days of an office: its own table first, then Vietnam's public holidays, then weekends.

Counting follows the Civil Code (Articles 147 and 148): it starts the day after, and a last day that is off
rolls to the next working day. The public calendar comes from the `holidays` package, which predicts later
years and misses some of the Government's swaps: whatever the office's own table says wins.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

import holidays

ONE_DAY = timedelta(days=1)
FARTHEST_DAYS = 36_600
SATURDAY = 5


@dataclass(frozen=True)
class Calendar:
    """The office's own days. A day in both is a working day: somebody ordered work on a day off."""

    days_off: frozenset[date] = frozenset()
    working_days: frozenset[date] = frozenset()

    @classmethod
    def of(cls, days_off: Iterable[date], working_days: Iterable[date]) -> "Calendar":
        return cls(frozenset(days_off), frozenset(working_days))


class NoWorkingDay(ValueError):
    """The office's table leaves no working day within a hundred years."""


def is_working_day(day: date, calendar: Calendar) -> bool:
    if day in calendar.working_days:
        return True
    if day in calendar.days_off or day in public_days_off(day.year):
        return False
    return day.weekday() < SATURDAY or day in public_working_days(day.year)


def next_working_day(day: date, calendar: Calendar) -> date:
    """The first working day after `day`."""
    return next(_working_days_after(day, calendar))


def rolled(day: date, calendar: Calendar) -> date:
    """`day` itself when it is a working day, else the next one: where a time limit in calendar days ends."""
    return day if is_working_day(day, calendar) else next_working_day(day, calendar)


@lru_cache(maxsize=4096)
def add_working_days(start: date, count: int, calendar: Calendar) -> date:
    """The last day of a limit of `count` working days; the day after `start` is the first that may count.

    Zero days end on `start` itself, rolled. Raises ValueError for a negative count.
    """
    if count < 0:
        raise ValueError(f"a time limit cannot have {count} days")
    if count == 0:
        return rolled(start, calendar)
    days = _working_days_after(start, calendar)
    for _ in range(count - 1):
        next(days)
    return next(days)


def add_calendar_days(start: date, count: int, calendar: Calendar) -> date:
    """The last day of a limit of `count` calendar days, rolled to a working day."""
    if count < 0:
        raise ValueError(f"a time limit cannot have {count} days")
    return rolled(start + count * ONE_DAY, calendar)


def working_days_between(start: date, end: date, calendar: Calendar) -> int:
    """How many working days lie after `start` up to and including `end`; negative when `end` is earlier."""
    if end < start:
        return -working_days_between(end, start, calendar)
    days = (start + number * ONE_DAY for number in range(1, (end - start).days + 1))
    return sum(is_working_day(day, calendar) for day in days)


@lru_cache(maxsize=256)
def public_days_off(year: int) -> frozenset[date]:
    """Holidays, days observed for them, and days off swapped for a Saturday; not plain weekends."""
    return frozenset(day for day in _vietnam(year) if day.year == year)


@lru_cache(maxsize=256)
def public_working_days(year: int) -> frozenset[date]:
    """Saturdays and Sundays that the Government declared working days in exchange."""
    return frozenset(day for day in _vietnam(year).weekend_workdays if day.year == year)


def _vietnam(year: int) -> holidays.HolidayBase:
    return holidays.country_holidays("VN", years=year)


def _working_days_after(start: date, calendar: Calendar) -> Iterator[date]:
    idle_days, day = 0, start
    while idle_days < FARTHEST_DAYS:
        day += ONE_DAY
        idle_days += 1
        if is_working_day(day, calendar):
            idle_days = 0
            yield day
    raise NoWorkingDay(f"no working day in the hundred years after {start}")
