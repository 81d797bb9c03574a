"""Working days around Tết 2016 and 2026, checked by hand, and against a stepper that counts day by day."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.worktime import (
    Calendar,
    add_calendar_days,
    add_working_days,
    is_working_day,
    next_working_day,
    rolled,
    working_days_between,
)

PUBLIC = Calendar()
OFFICE_2026 = Calendar.of([date(2026, 1, 2)], [date(2026, 1, 10)])
ONE_DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("day", "works"),
    [
        ("2016-01-01", False),  # New Year, a Friday
        ("2016-02-05", True),  # the Friday before Tết
        ("2016-02-08", False),  # Tết Bính Thân
        ("2016-02-12", False),  # the last day of that holiday, a Friday
        ("2016-02-13", False),  # Saturday
        ("2016-02-15", True),  # the Monday on which work starts again
        ("2016-04-18", False),  # Monday, for the Hùng Kings' day on a Saturday
        ("2016-05-02", False),  # Monday, for 30 April on a Saturday
        ("2016-05-03", False),  # Tuesday, for 1 May on a Sunday
        ("2016-05-04", True),
        ("2016-09-02", False),
        ("2026-01-02", True),  # the package misses the swap
        ("2026-02-13", True),
        ("2026-02-16", False),  # New Year's eve
        ("2026-02-20", False),
        ("2026-02-23", True),
        ("2026-04-27", False),  # Monday, for the Hùng Kings' day on a Sunday
        ("2026-08-22", True),  # a Saturday worked for Monday the 31st
        ("2026-08-31", False),
    ],
)
def test_the_public_calendar_knows_which_days_are_worked(day: str, works: bool) -> None:
    assert is_working_day(date.fromisoformat(day), PUBLIC) is works


@pytest.mark.parametrize(
    ("start", "count", "end"),
    [
        ("2016-02-05", 1, "2016-02-15"),  # over the whole of Tết
        ("2016-02-04", 1, "2016-02-05"),
        ("2016-02-01", 5, "2016-02-15"),  # 2, 3, 4, 5, then 15 February
        ("2016-02-01", 7, "2016-02-17"),
        ("2016-02-10", 1, "2016-02-15"),  # counted from a day off
        ("2016-02-15", 3, "2016-02-18"),
        ("2016-04-28", 2, "2016-05-04"),  # 29 April, then over four days off
        ("2016-12-30", 1, "2017-01-03"),  # New Year 2017 on a Sunday, so Monday is off
        ("2026-02-13", 1, "2026-02-23"),
        ("2026-02-10", 5, "2026-02-24"),  # 11, 12, 13, 23, 24 February
        ("2026-08-21", 1, "2026-08-22"),  # the Saturday counts
        ("2026-08-28", 1, "2026-09-03"),  # Monday to Wednesday are off
        ("2026-04-24", 3, "2026-05-04"),  # 28, 29 April, then 4 May
        ("2016-02-12", 0, "2016-02-15"),  # nothing to count: the day itself, rolled
        ("2016-02-05", 0, "2016-02-05"),
    ],
)
def test_a_limit_in_working_days_ends_where_it_does_by_hand(start: str, count: int, end: str) -> None:
    assert add_working_days(date.fromisoformat(start), count, PUBLIC) == date.fromisoformat(end)


def test_the_offices_own_table_wins_over_the_public_calendar() -> None:
    assert not is_working_day(date(2026, 1, 2), OFFICE_2026)
    assert is_working_day(date(2026, 1, 10), OFFICE_2026)
    assert add_working_days(date(2025, 12, 31), 6, OFFICE_2026) == date(2026, 1, 10)
    assert add_working_days(date(2025, 12, 31), 6, PUBLIC) == date(2026, 1, 9)
    both = Calendar.of([date(2016, 2, 8)], [date(2016, 2, 8)])
    assert is_working_day(date(2016, 2, 8), both)


def test_a_limit_in_calendar_days_rolls_to_a_working_day() -> None:
    assert add_calendar_days(date(2016, 1, 9), 30, PUBLIC) == date(2016, 2, 15)
    assert add_calendar_days(date(2016, 1, 4), 30, PUBLIC) == date(2016, 2, 3)
    assert rolled(date(2016, 2, 6), PUBLIC) == date(2016, 2, 15)


def test_days_between_count_the_last_but_not_the_first() -> None:
    assert working_days_between(date(2016, 2, 5), date(2016, 2, 15), PUBLIC) == 1
    assert working_days_between(date(2016, 2, 15), date(2016, 2, 5), PUBLIC) == -1
    assert working_days_between(date(2016, 2, 5), date(2016, 2, 5), PUBLIC) == 0


def test_a_negative_limit_is_refused() -> None:
    with pytest.raises(ValueError, match="-1"):
        add_working_days(date(2016, 2, 5), -1, PUBLIC)
    with pytest.raises(ValueError, match="-2"):
        add_calendar_days(date(2016, 2, 5), -2, PUBLIC)


days = st.dates(date(2015, 1, 1), date(2027, 12, 31))
calendars = st.builds(Calendar.of, st.sets(days, max_size=30), st.sets(days, max_size=30))


def stepped(start: date, count: int, calendar: Calendar) -> date:
    """One day at a time, without any of the code's shortcuts."""
    day = start
    while count > 0 or not is_working_day(day, calendar):
        day += ONE_DAY
        if count and is_working_day(day, calendar):
            count -= 1
    return day


@given(days, st.integers(0, 60), calendars)
def test_a_limit_equals_counting_day_by_day(start: date, count: int, calendar: Calendar) -> None:
    assert add_working_days(start, count, calendar) == stepped(start, count, calendar)


@given(days, st.integers(1, 60), calendars)
def test_a_limit_ends_on_a_working_day_as_many_working_days_later(start: date, count: int, calendar: Calendar) -> None:
    end = add_working_days(start, count, calendar)
    assert is_working_day(end, calendar)
    assert working_days_between(start, end, calendar) == count


@given(days, calendars)
def test_the_next_working_day_is_after_and_nothing_worked_lies_between(day: date, calendar: Calendar) -> None:
    following = next_working_day(day, calendar)
    assert following > day
    assert working_days_between(day, following, calendar) == 1
