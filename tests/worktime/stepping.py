"""Time limits by brute force: minute after minute, each asked whether it counts. Shares no code with the product.

Slow on purpose. A day is known by its minutes only: the one in which work ends decides whether it counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import holidays

MINUTE = timedelta(minutes=1)
DAY_MINUTES = 24 * 60
MOST_MINUTES = 400 * DAY_MINUTES


@dataclass(frozen=True)
class Rules:
    """`shifts` are minutes of the day; `half` maps a day to the half that is worked, 0 or 1."""

    off: frozenset[date]
    worked: frozenset[date]
    half: dict[date, int]
    shifts: tuple[tuple[int, int], ...]

    def hours_of(self, day: date) -> tuple[tuple[int, int], ...]:
        if day in self.worked:
            return self.shifts
        if day in self.half:
            return tuple(each for each in self.shifts if (each[0] >= 720) == bool(self.half[day]))
        if day in self.off or day in PUBLIC.get(day.year, ()):
            return ()
        if day.weekday() in (5, 6) and day not in SWAPPED.get(day.year, ()):
            return ()
        return self.shifts


PUBLIC = {year: set(holidays.country_holidays("VN", years=year)) for year in range(2015, 2029)}
SWAPPED = {year: set(holidays.country_holidays("VN", years=year).weekend_workdays) for year in range(2015, 2029)}
Stops = Sequence[tuple[datetime, datetime | None]]


def stands(moment: datetime, stops: Stops) -> bool:
    return any(since <= moment and (until is None or moment < until) for since, until in stops)


def end_in_hours(amount: int, start: datetime, rules: Rules, stops: Stops) -> datetime | None:
    moment, left = start, amount * 60
    open_minutes: set[int] = set()
    for _ in range(MOST_MINUTES):
        if left == 0:
            return moment
        minute = moment.hour * 60 + moment.minute
        if minute == 0 or moment == start:
            open_minutes = {m for opens, closes in rules.hours_of(moment.date()) for m in range(opens, closes)}
        if minute in open_minutes and not stands(moment, stops):
            left -= 1
        moment += MINUTE
    return None


def end_in_days(amount: int, start: datetime, rules: Rules, stops: Stops, *, calendar_days: bool) -> datetime | None:
    midnight = datetime.combine(start.date(), datetime.min.time())
    moment, counted = midnight, 0
    hours: tuple[tuple[int, int], ...] = ()
    closing = 0
    for _ in range(MOST_MINUTES):
        minute = moment.hour * 60 + moment.minute
        if minute == 0:
            hours = rules.hours_of(moment.date())
            closing = hours[-1][1] if hours else rules.shifts[-1][1]
        if minute == closing:
            first_day = moment.date() == start.date()
            if any(until is None and since <= moment for since, until in stops) and not (first_day and amount):
                return None
            runs = not stands(moment, stops)
            if not first_day and runs and (hours or calendar_days):
                counted += 1
            if counted >= amount and runs and hours and (amount == 0 or not first_day):
                return moment
        moment += MINUTE
    return None


def working_minutes(start: datetime, end: datetime, rules: Rules, stops: Stops) -> int:
    moment, passed = start, 0
    while moment < end:
        minute = moment.hour * 60 + moment.minute
        if any(opens <= minute < closes for opens, closes in rules.hours_of(moment.date())):
            passed += not stands(moment, stops)
        moment += MINUTE
    return passed
