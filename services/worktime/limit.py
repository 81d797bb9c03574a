"""Where a time limit ends, with every day that was skipped on the way and why. Pure.

A day counts when the clock runs as its work ends, so a clock that was stopped and resumed on one day costs
nothing, and one that was stopped over three ends of work moves the end by three days. Hours are working hours.
"""

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Final, Literal

from services.worktime.calendar import (
    FARTHEST_DAYS,
    ONE_DAY,
    Calendar,
    NoWorkingDay,
    Off,
    end_of_work,
    shifts_of,
    why_off,
)

ONE_HOUR, NOTHING = timedelta(hours=1), timedelta()


class Unit(StrEnum):
    WORKING_DAY = "working_day"
    CALENDAR_DAY = "calendar_day"
    HOUR = "hour"


@dataclass(frozen=True, slots=True)
class Limit:
    amount: int
    unit: Unit = Unit.WORKING_DAY

    def __post_init__(self) -> None:
        if self.amount < 0:
            raise ValueError(f"a time limit cannot have {self.amount} of {self.unit}")


@dataclass(frozen=True, slots=True)
class Stop:
    """The clock stands from `since` until just before `until`; None while nobody has resumed it."""

    since: datetime
    until: datetime | None = None

    def __post_init__(self) -> None:
        if self.until is not None and self.until < self.since:
            raise ValueError("the clock cannot resume before it stopped")


STOPPED: Final = "stopped"
"""Why a day did not count, beside the reasons for which nobody works on it."""


@dataclass(frozen=True, slots=True)
class Skipped:
    day: date
    why: Off | Literal["stopped"]


@dataclass(frozen=True, slots=True)
class Course:
    """`due_at` is None while the clock stands: nobody knows the end. Days between the first and the last that are
    not in `skipped` have counted; of a limit in hours these are the days on which some of it was used."""

    due_at: datetime | None
    skipped: tuple[Skipped, ...] = ()


def course(limit: Limit, start: datetime, calendar: Calendar, stops: Sequence[Stop] = ()) -> Course:
    """From the moment that starts the limit to its end, by the office's clock.

    Days are counted from the day after (Civil Code, Article 147); the limit ends with that day's work. Stops do not
    overlap and stand in their order. Raises NoWorkingDay.
    """
    if limit.unit is Unit.HOUR:
        return _course_in_hours(limit, start, calendar, stops)
    return _course_in_days(limit, start.date(), calendar, tuple(stops))


def working_time(start: datetime, end: datetime, calendar: Calendar, stops: Sequence[Stop] = ()) -> timedelta:
    """How much working time lies between the two, the clock running; negative when `end` is earlier."""
    if end < start:
        return -working_time(end, start, calendar, stops)
    passed = NOTHING
    for since, until in _worked(start, calendar, stops, last_day=end.date()):
        passed += max(min(until, end) - since, NOTHING)
    return passed


def working_time_before(end: datetime, time: timedelta, calendar: Calendar) -> datetime:
    """The latest moment from which so much working time is left until `end`. Raises NoWorkingDay."""
    left = time
    if left <= NOTHING:
        return end
    for number in range(FARTHEST_DAYS):
        day = end.date() - number * ONE_DAY
        for opens, closes in reversed(shifts_of(day, calendar)):
            since, until = datetime.combine(day, opens), min(datetime.combine(day, closes), end)
            if until - since >= left:
                return until - left
            left -= max(until - since, NOTHING)
    raise NoWorkingDay(f"no working time in the hundred years before {end}")


def stands_at(moment: datetime, stops: Sequence[Stop]) -> bool:
    """Whether the clock stands at this moment."""
    return _stop_at(moment, stops) is not None


@lru_cache(maxsize=4096)  # most documents of a day share their limit
def _course_in_days(limit: Limit, start: date, calendar: Calendar, stops: tuple[Stop, ...]) -> Course:
    skipped: list[Skipped] = []
    counted = 0
    for day in _days_from(start if limit.amount == 0 else start + ONE_DAY):
        off, stop = why_off(day, calendar), _stop_at(end_of_work(day, calendar), stops)
        if stop is not None and stop.until is None:
            return Course(None, tuple(skipped))
        counts = stop is None and (off is None or limit.unit is Unit.CALENDAR_DAY)
        was_enough = counted >= limit.amount
        counted += counts
        if counted >= limit.amount and off is None and stop is None:
            return Course(end_of_work(day, calendar), tuple(skipped))
        if not counts or was_enough:
            skipped.append(Skipped(day, off if stop is None and off else STOPPED))
    raise NoWorkingDay(f"no working day in the hundred years after {start}")


def _course_in_hours(limit: Limit, start: datetime, calendar: Calendar, stops: Sequence[Stop]) -> Course:
    left, used = limit.amount * ONE_HOUR, set[date]()
    due_at = start if not left else None
    for since, until in _worked(start, calendar, stops) if left else ():
        used.add(since.date())
        if until - since >= left:
            due_at = since + left
            break
        left -= until - since
    if due_at is None and not (stops and stops[-1].until is None):
        raise NoWorkingDay(f"no working time in the hundred years after {start}")
    last_day = due_at.date() if due_at else stops[-1].since.date()
    return Course(due_at, tuple(_idle_days(start.date(), last_day, used, calendar)))


def _idle_days(first: date, last: date, used: Container[date], calendar: Calendar) -> Iterator[Skipped]:
    for day in _days_from(first):
        if day > last:
            return
        if day not in used:
            yield Skipped(day, why_off(day, calendar) or STOPPED)


def _worked(
    start: datetime, calendar: Calendar, stops: Sequence[Stop], last_day: date | None = None
) -> Iterator[tuple[datetime, datetime]]:
    """Pieces of working time from `start` on in which the clock runs; no further than into an endless stop."""
    idle_days = 0
    for day in _days_from(start.date()):
        if (last_day and day > last_day) or idle_days > FARTHEST_DAYS or _stands_still(day, stops):
            return
        idle_days += 1
        for opens, closes in shifts_of(day, calendar):
            since = max(datetime.combine(day, opens), start)
            for piece in _running(since, datetime.combine(day, closes), stops):
                idle_days = 0
                yield piece


def _running(since: datetime, until: datetime, stops: Sequence[Stop]) -> Iterator[tuple[datetime, datetime]]:
    for stop in stops:
        if since < min(stop.since, until):
            yield since, min(stop.since, until)
        if stop.until is None:
            return
        since = max(since, stop.until)
    if since < until:
        yield since, until


def _stop_at(moment: datetime, stops: Sequence[Stop]) -> Stop | None:
    return next((each for each in stops if each.since <= moment and (each.until is None or moment < each.until)), None)


def _stands_still(day: date, stops: Sequence[Stop]) -> bool:
    """From this day on nobody has resumed the clock."""
    return bool(stops) and stops[-1].until is None and stops[-1].since.date() < day


def _days_from(day: date) -> Iterator[date]:
    for number in range(FARTHEST_DAYS):
        yield day + number * ONE_DAY
