"""Where time limits end: by hand around Tết 2016, 2025 and 2026, and on random cases beside a stepper of minutes."""

import random
from datetime import date, datetime, time, timedelta

import pytest

from services.worktime import (
    STOPPED,
    Calendar,
    Half,
    Limit,
    NoWorkingDay,
    Off,
    Skipped,
    Stop,
    Unit,
    course,
    working_time,
)
from tests.worktime.stepping import Rules, end_in_days, end_in_hours, working_minutes

CASES = 10_000
PUBLIC = Calendar()
SHIFTS = (
    ((450, 690), (810, 1020)),
    ((480, 720), (780, 1020)),
    ((420, 690), (810, 990)),
    ((0, 719), (720, 1439)),
    ((600, 660),),
)


def moment_of(text: str) -> datetime:
    return datetime.fromisoformat(text)


def time_of(minute: int) -> time:
    return time(minute // 60, minute % 60)


class Case:
    """A calendar, a limit and stops that a seed draws."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)
        self.year = self.draw.choice([2016, 2017, 2024, 2025, 2026])
        first = date(self.year, self.draw.choice([1, 1, 2, 4, 8, 12]), 1)
        days = [first + timedelta(days=number) for number in range(60)]
        self.rules = Rules(
            off=frozenset(self.draw.sample(days, self.draw.randrange(8))),
            worked=frozenset(self.draw.sample(days, self.draw.randrange(4))),
            half={day: self.draw.randrange(2) for day in self.draw.sample(days, self.draw.randrange(5))},
            shifts=self.draw.choice(SHIFTS),
        )
        if len(self.rules.shifts) == 1:
            self.rules.half.clear()
        self.start = self.moment(first, 30)
        self.amount = self.draw.choice([0, 1, 1, 2, 3, 5, 7])
        self.unit = self.draw.choice(list(Unit))
        self.stops = self.drawn_stops()

    def moment(self, since: date, days: int) -> datetime:
        day = since + timedelta(days=self.draw.randrange(days))
        edges = [edge for shift in self.rules.shifts for edge in shift]
        minute = self.draw.choice([self.draw.randrange(1440), self.draw.choice(edges)])
        return datetime.combine(day, time_of(minute))

    def drawn_stops(self) -> list[tuple[datetime, datetime | None]]:
        edges = sorted({self.moment(self.start.date(), 20) for _ in range(2 * self.draw.choice([0, 0, 1, 2]))})
        pairs: list[tuple[datetime, datetime | None]] = [
            (since, until) for since, until in zip(edges[::2], edges[1::2], strict=False)
        ]
        if pairs and self.draw.random() < 0.2:
            pairs[-1] = (pairs[-1][0], None)
        return pairs

    @property
    def calendar(self) -> Calendar:
        halves = [(day, (Half.MORNING, Half.AFTERNOON)[half]) for day, half in self.rules.half.items()]
        shifts = [(time_of(opens), time_of(closes)) for opens, closes in self.rules.shifts]
        return Calendar.of(self.rules.off, self.rules.worked, halves, shifts)

    @property
    def product_stops(self) -> list[Stop]:
        return [Stop(*each) for each in self.stops]

    def __str__(self) -> str:
        return f"{self.amount} {self.unit} from {self.start}, stops {self.stops}, {self.rules}"


def test_limits_end_where_a_stepper_of_minutes_ends_them() -> None:
    for seed in range(CASES):
        case = Case(seed)
        if case.unit is Unit.HOUR:
            expected = end_in_hours(case.amount, case.start, case.rules, case.stops)
        else:
            calendar_days = case.unit is Unit.CALENDAR_DAY
            expected = end_in_days(case.amount, case.start, case.rules, case.stops, calendar_days=calendar_days)
        found = course(Limit(case.amount, case.unit), case.start, case.calendar, case.product_stops)
        assert found.due_at == expected, f"seed {seed}: {case}"


def test_working_time_is_what_a_stepper_of_minutes_counts() -> None:
    for seed in range(CASES // 20):
        case = Case(seed)
        end = case.start + timedelta(minutes=case.draw.randrange(8 * 1440))
        minutes = working_minutes(case.start, end, case.rules, case.stops)
        found = working_time(case.start, end, case.calendar, case.product_stops)
        assert found == timedelta(minutes=minutes), f"seed {seed}: until {end}: {case}"
        assert working_time(end, case.start, case.calendar, case.product_stops) == -found


def test_a_limit_of_hours_is_as_long_as_the_working_time_until_its_end() -> None:
    for seed in range(CASES // 20):
        case = Case(seed)
        due_at = course(Limit(case.amount, Unit.HOUR), case.start, case.calendar, case.product_stops).due_at
        if due_at is not None:
            passed = working_time(case.start, due_at, case.calendar, case.product_stops)
            assert passed == timedelta(hours=case.amount), f"seed {seed}: {case}"


WD, CD, H = Unit.WORKING_DAY, Unit.CALENDAR_DAY, Unit.HOUR
OFFICE_2026 = Calendar.of([date(2026, 1, 2)], [date(2026, 1, 10)])
MORNING_BEFORE_TET = Calendar.of([], [], [(date(2026, 2, 13), Half.MORNING)])
ON_DUTY_AT_TET = Calendar.of([], [], [(date(2026, 2, 17), Half.AFTERNOON)])


@pytest.mark.parametrize(
    ("start", "amount", "unit", "calendar", "due_at"),
    [
        # Tết Bính Thân: Friday 5 February 2016 is worked, then Monday the 15th
        ("2016-02-05T09:00", 1, WD, PUBLIC, "2016-02-15T17:00"),
        ("2016-02-05T09:00", 2, WD, PUBLIC, "2016-02-16T17:00"),
        ("2016-02-06T09:00", 1, WD, PUBLIC, "2016-02-15T17:00"),  # it arrived on a Saturday
        ("2016-02-03T16:59", 2, WD, PUBLIC, "2016-02-05T17:00"),
        ("2016-02-03T16:59", 3, WD, PUBLIC, "2016-02-15T17:00"),
        ("2016-02-03T09:00", 7, WD, PUBLIC, "2016-02-19T17:00"),  # 4, 5, then the week from the 15th
        ("2016-02-03T09:00", 10, WD, PUBLIC, "2016-02-24T17:00"),
        ("2016-02-05T09:00", 0, WD, PUBLIC, "2016-02-05T17:00"),
        ("2016-02-10T09:00", 0, WD, PUBLIC, "2016-02-15T17:00"),
        ("2016-01-29T09:00", 7, CD, PUBLIC, "2016-02-05T17:00"),
        ("2016-01-29T09:00", 10, CD, PUBLIC, "2016-02-15T17:00"),  # the 8th is a holiday
        ("2016-01-15T09:00", 30, CD, PUBLIC, "2016-02-15T17:00"),  # the 14th is a Sunday
        ("2016-01-16T09:00", 30, CD, PUBLIC, "2016-02-15T17:00"),
        ("2016-01-04T09:00", 45, CD, PUBLIC, "2016-02-18T17:00"),
        ("2016-02-06T09:00", 0, CD, PUBLIC, "2016-02-15T17:00"),
        ("2016-02-05T10:30", 1, H, PUBLIC, "2016-02-05T11:30"),
        ("2016-02-05T10:30", 2, H, PUBLIC, "2016-02-05T14:30"),
        ("2016-02-05T12:00", 3, H, PUBLIC, "2016-02-05T16:30"),
        ("2016-02-05T14:00", 4, H, PUBLIC, "2016-02-15T08:30"),
        ("2016-02-05T16:00", 8, H, PUBLIC, "2016-02-15T16:30"),
        ("2016-02-05T18:00", 2, H, PUBLIC, "2016-02-15T09:30"),
        ("2016-02-15T07:30", 24, H, PUBLIC, "2016-02-18T09:00"),  # three days of 7.5 hours, and 1.5
        # Tết Ất Tỵ: Friday 24 January 2025 is worked, then Monday 3 February
        ("2025-01-24T09:00", 1, WD, PUBLIC, "2025-02-03T17:00"),
        ("2025-01-20T09:00", 5, WD, PUBLIC, "2025-02-03T17:00"),
        ("2025-01-22T09:00", 7, WD, PUBLIC, "2025-02-07T17:00"),
        ("2025-01-03T09:00", 30, CD, PUBLIC, "2025-02-03T17:00"),
        ("2025-01-10T09:00", 15, CD, PUBLIC, "2025-02-03T17:00"),
        # Saturday 26 April 2025 was worked for Friday 2 May
        ("2025-04-25T09:00", 1, WD, PUBLIC, "2025-04-26T17:00"),
        ("2025-04-25T09:00", 2, WD, PUBLIC, "2025-04-28T17:00"),
        ("2025-04-25T09:00", 3, WD, PUBLIC, "2025-04-29T17:00"),
        ("2025-04-25T09:00", 4, WD, PUBLIC, "2025-05-05T17:00"),
        ("2025-04-16T09:00", 10, CD, PUBLIC, "2025-04-26T17:00"),
        ("2025-04-20T09:00", 10, CD, PUBLIC, "2025-05-05T17:00"),
        ("2025-04-25T16:00", 8, H, PUBLIC, "2025-04-26T16:30"),
        ("2025-08-29T09:00", 1, WD, PUBLIC, "2025-09-03T17:00"),
        # Friday 2 January 2026 was given for Saturday the 10th: the office's own table knows it
        ("2025-12-31T09:00", 1, WD, PUBLIC, "2026-01-02T17:00"),
        ("2025-12-31T09:00", 1, WD, OFFICE_2026, "2026-01-05T17:00"),
        ("2025-12-31T09:00", 6, WD, OFFICE_2026, "2026-01-10T17:00"),
        ("2025-12-31T09:00", 7, WD, OFFICE_2026, "2026-01-12T17:00"),
        # Tết Bính Ngọ: Friday 13 February 2026 is worked, then Monday the 23rd
        ("2026-02-13T09:00", 1, WD, PUBLIC, "2026-02-23T17:00"),
        ("2026-02-09T09:00", 7, WD, PUBLIC, "2026-02-25T17:00"),
        ("2026-01-20T09:00", 30, CD, PUBLIC, "2026-02-23T17:00"),
        ("2026-01-15T09:00", 30, CD, PUBLIC, "2026-02-23T17:00"),
        ("2026-02-13T15:00", 4, H, PUBLIC, "2026-02-23T09:30"),
        # Saturday 22 August 2026 is worked for Monday the 31st; then 1 and 2 September are off
        ("2026-08-21T09:00", 1, WD, PUBLIC, "2026-08-22T17:00"),
        ("2026-08-21T09:00", 6, WD, PUBLIC, "2026-08-28T17:00"),
        ("2026-08-21T09:00", 7, WD, PUBLIC, "2026-09-03T17:00"),
        # half days: the last one before Tết, and one within it
        ("2026-02-12T09:00", 1, WD, MORNING_BEFORE_TET, "2026-02-13T11:30"),
        ("2026-02-13T09:30", 4, H, MORNING_BEFORE_TET, "2026-02-23T09:30"),
        ("2026-02-13T09:00", 1, WD, ON_DUTY_AT_TET, "2026-02-17T17:00"),
        ("2026-02-13T17:00", 2, H, ON_DUTY_AT_TET, "2026-02-17T15:30"),
    ],
)
def test_limits_end_where_a_person_counted(
    start: str, amount: int, unit: Unit, calendar: Calendar, due_at: str
) -> None:
    assert course(Limit(amount, unit), moment_of(start), calendar).due_at == moment_of(due_at)


@pytest.mark.parametrize(
    ("start", "amount", "unit", "stopped", "resumed", "due_at"),
    [
        ("2026-03-02T09:00", 5, WD, "2026-03-04T10:00", "2026-03-06T15:00", "2026-03-11T17:00"),  # two ends of work
        ("2026-03-02T09:00", 5, WD, "2026-03-04T09:00", "2026-03-04T11:00", "2026-03-09T17:00"),  # none
        ("2026-03-02T09:00", 5, WD, "2026-03-06T18:00", "2026-03-08T10:00", "2026-03-09T17:00"),  # a weekend
        ("2026-03-02T09:00", 5, WD, "2026-03-06T17:00", "2026-03-09T07:30", "2026-03-10T17:00"),  # just at the end
        ("2026-02-11T09:00", 3, WD, "2026-02-12T08:00", "2026-02-24T08:00", "2026-02-26T17:00"),  # over Tết
        ("2026-03-01T09:00", 10, CD, "2026-03-04T00:00", "2026-03-06T00:00", "2026-03-13T17:00"),
        ("2026-03-02T08:00", 4, H, "2026-03-02T09:00", "2026-03-02T10:30", "2026-03-02T15:30"),
        ("2026-03-02T09:00", 5, WD, "2026-03-04T10:00", None, None),
        ("2026-03-02T09:00", 1, WD, "2026-03-04T10:00", None, "2026-03-03T17:00"),  # it had ended before
        ("2026-03-02T08:00", 4, H, "2026-03-02T09:00", None, None),
    ],
)
def test_a_clock_that_stood_moves_the_end_as_a_person_counted(
    start: str, amount: int, unit: Unit, stopped: str, resumed: str | None, due_at: str | None
) -> None:
    stop = Stop(moment_of(stopped), moment_of(resumed) if resumed else None)
    found = course(Limit(amount, unit), moment_of(start), PUBLIC, [stop])
    assert found.due_at == (moment_of(due_at) if due_at else None)


def test_every_day_that_was_skipped_is_named_with_its_reason() -> None:
    calendar = Calendar.of([date(2026, 2, 12)], [])
    stop = Stop(moment_of("2026-02-23T10:00"), moment_of("2026-02-24T10:00"))
    found = course(Limit(3), moment_of("2026-02-11T09:00"), calendar, [stop])
    weekends = [date(2026, 2, day) for day in (14, 15, 21, 22)]
    holidays = [date(2026, 2, day) for day in range(16, 21)]
    expected = [
        Skipped(date(2026, 2, 12), Off.OFFICE),
        *(Skipped(day, Off.WEEKEND) for day in weekends),
        *(Skipped(day, Off.HOLIDAY) for day in holidays),
        Skipped(date(2026, 2, 23), STOPPED),
    ]
    assert found.due_at == moment_of("2026-02-25T17:00")
    assert found.skipped == tuple(sorted(expected, key=lambda each: each.day))


def test_a_limit_in_calendar_days_skips_only_what_it_is_rolled_over() -> None:
    found = course(Limit(10, CD), moment_of("2016-01-29T09:00"), PUBLIC)
    assert [each.day.day for each in found.skipped] == [9, 10, 11, 12, 13, 14]


def test_hours_name_the_days_on_which_none_was_used() -> None:
    found = course(Limit(4, H), moment_of("2016-02-05T14:00"), PUBLIC)
    assert [each.day.day for each in found.skipped] == list(range(6, 15))


@pytest.mark.parametrize("unit", list(Unit))
def test_an_office_that_never_works_is_told_so(unit: Unit) -> None:
    never = Calendar.of([date(2016, 1, 1) + timedelta(days=number) for number in range(40_000)], [])
    with pytest.raises(NoWorkingDay):
        course(Limit(1, unit), moment_of("2016-01-01T09:00"), never)


def test_a_limit_cannot_be_negative_nor_a_clock_resume_before_it_stopped() -> None:
    with pytest.raises(ValueError, match="cannot have -1"):
        Limit(-1)
    with pytest.raises(ValueError, match="before it stopped"):
        Stop(moment_of("2026-03-02T09:00"), moment_of("2026-03-02T08:59"))
