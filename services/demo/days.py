"""The working days on which the year's documents arrive, and how busy each is."""

from datetime import date, timedelta

from services.worktime import Calendar, is_working_day

FIRST_DAY, LAST_DAY = date(2016, 1, 1), date(2016, 12, 15)
AFTER_TET = date(2016, 2, 15)
BURST_DAYS, BURST = 7, 3.0
"""Offices open again on 15 February 2016; what waited over the holiday arrives within the days after."""


def working_days(first: date = FIRST_DAY, last: date = LAST_DAY) -> list[date]:
    """Both days included, without weekends and public holidays."""
    days = (first + timedelta(days=number) for number in range((last - first).days + 1))
    return [day for day in days if is_working_day(day, Calendar())]


def busyness(day: date) -> float:
    """How many times as many documents come as on a usual day."""
    if AFTER_TET <= day < AFTER_TET + timedelta(days=BURST_DAYS):
        return BURST
    return (1.2, 1.05, 1.0, 0.9, 0.85)[day.weekday()]
