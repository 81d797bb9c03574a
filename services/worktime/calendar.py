"""Working days and hours of an office: its own table first, then Vietnam's public holidays, then weekends.

Counting follows the Civil Code (Articles 147 and 148): it starts the day after, and a last day that is off
rolls to the next working day. The public calendar comes from the `holidays` package, which predicts later
years and misses some of the Government's swaps: whatever the office's own table says wins.

Moments are local: `datetime` without a zone, by the office's clock.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache

import holidays

from services.events import Half

ONE_DAY = timedelta(days=1)
FARTHEST_DAYS = 36_600
SATURDAY = 5
NOON = time(12)
Shift = tuple[time, time]
USUAL_SHIFTS: tuple[Shift, ...] = ((time(7, 30), time(11, 30)), (time(13, 30), time(17)))


class Off(StrEnum):
    """Why a day is not worked."""

    OFFICE = "office"
    HOLIDAY = "holiday"
    WEEKEND = "weekend"


@dataclass(frozen=True)
class Calendar:
    """The office's own days, and the hours of a whole day, earliest first.

    A day that is in several is what comes first: a working day (somebody ordered work on a day off), a half day,
    a day off. `half_days` are worked, for that half only.
    """

    days_off: frozenset[date] = frozenset()
    working_days: frozenset[date] = frozenset()
    half_days: frozenset[tuple[date, Half]] = frozenset()
    shifts: tuple[Shift, ...] = USUAL_SHIFTS

    @classmethod
    def of(
        cls,
        days_off: Iterable[date],
        working_days: Iterable[date],
        half_days: Iterable[tuple[date, Half]] = (),
        shifts: Iterable[Shift] = USUAL_SHIFTS,
    ) -> "Calendar":
        return cls(frozenset(days_off), frozenset(working_days), frozenset(half_days), tuple(shifts))

    def half_of(self, day: date) -> Half | None:
        """The one half that is worked, where it is only one."""
        if not self.half_days or day in self.working_days:
            return None
        return next((half for half in Half if (day, half) in self.half_days), None)


class NoWorkingDay(ValueError):
    """The office's table leaves no working day within a hundred years."""


def why_off(day: date, calendar: Calendar) -> Off | None:
    """None for a day that is worked, if only for half of it."""
    if day in calendar.working_days or calendar.half_of(day):
        return None
    if day in calendar.days_off:
        return Off.OFFICE
    if day in public_days_off(day.year):
        return Off.HOLIDAY
    return None if day.weekday() < SATURDAY or day in public_working_days(day.year) else Off.WEEKEND


def is_working_day(day: date, calendar: Calendar) -> bool:
    return why_off(day, calendar) is None


def shifts_of(day: date, calendar: Calendar) -> tuple[Shift, ...]:
    """When there is work on this day; nothing on a day off."""
    if why_off(day, calendar):
        return ()
    half = calendar.half_of(day)
    return tuple(each for each in calendar.shifts if half is None or _half_of(each) is half)


def end_of_work(day: date, calendar: Calendar) -> datetime:
    """When work ends on this day; on one without work, when it would."""
    shifts = shifts_of(day, calendar) or calendar.shifts
    return datetime.combine(day, shifts[-1][1])


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


def _half_of(shift: Shift) -> Half:
    return Half.MORNING if shift[0] < NOON else Half.AFTERNOON


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
