"""What a deadline rests on, and what moves it."""

from datetime import date, datetime, time

import pytest

from services.routing.deadline import Basis, Clock, DeadlineRule, begun, counted, moved, resumed, stopped
from services.worktime import Calendar, Limit, Unit

OFFICE = Calendar()
DEFAULT = Limit(5)
MONDAY = datetime.fromisoformat("2026-03-02T09:00")
COMPLAINT = DeadlineRule(
    "khieu-nai", "Giải quyết khiếu nại lần đầu", Limit(30, Unit.CALENDAR_DAY), "Luật 2011, Điều 28"
)


def day(number: int) -> date:
    return date(2026, 3, number)


def at(number: int, hour: int = 10) -> datetime:
    return datetime.combine(day(number), time(hour))


def due_at(clock: Clock, calendar: Calendar = OFFICE) -> datetime | None:
    return counted(clock, calendar).due_at


def test_without_a_rule_the_offices_days_count() -> None:
    clock = begun(None, DEFAULT, MONDAY, None)
    assert (clock.basis, due_at(clock)) == (Basis.OFFICE, at(9, 17))


def test_a_rule_gives_its_limit_and_its_law() -> None:
    clock = begun(COMPLAINT, DEFAULT, MONDAY, None)
    assert (clock.basis, clock.rule_id, clock.legal_ref) == (Basis.RULE, "khieu-nai", "Luật 2011, Điều 28")
    assert due_at(clock) == datetime.fromisoformat("2026-04-01T17:00")


def test_a_written_date_wins_where_the_rule_says_so_and_stands_on_a_sunday_too() -> None:
    assert due_at(begun(None, DEFAULT, MONDAY, day(15))) == at(15, 17)
    clock = begun(COMPLAINT, DEFAULT, MONDAY, day(15))
    assert (clock.basis, clock.rule_id, due_at(clock)) == (Basis.WRITTEN, "khieu-nai", at(15, 17))
    strict = DeadlineRule("x", "x", Limit(3), written_wins=False)
    assert due_at(begun(strict, DEFAULT, MONDAY, day(15))) == at(5, 17)


@pytest.mark.parametrize(("written", "end"), [(None, 11), (day(9), 11), (day(4), 6), (day(3), 3)])
def test_a_clock_that_stood_over_two_days_moves_its_end_by_two_where_they_came_before_it(
    written: date | None, end: int
) -> None:
    clock = resumed(stopped(begun(None, DEFAULT, MONDAY, written), at(4)), at(6, 15))
    assert due_at(clock) == at(end, 17)


def test_while_the_clock_stands_nobody_knows_the_end() -> None:
    for written in (None, day(9)):
        clock = stopped(begun(None, DEFAULT, MONDAY, written), at(4))
        assert clock.is_stopped
        assert due_at(clock) is None
        assert due_at(resumed(clock, at(4, 11))) == at(9, 17)


def test_a_clock_never_resumes_before_it_stopped_and_one_that_runs_goes_on() -> None:
    clock = begun(None, DEFAULT, MONDAY, None)
    assert resumed(clock, at(4)) == clock
    assert due_at(resumed(stopped(clock, at(4)), at(3))) == at(9, 17)


def test_a_moved_deadline_is_the_day_that_was_set_and_is_moved_only_as_often_as_the_rule_lets_it() -> None:
    twice = DeadlineRule("x", "x", Limit(3), most_moves=2)
    clock = begun(twice, DEFAULT, MONDAY, None)
    assert clock.may_move
    clock = moved(resumed(stopped(clock, at(3)), at(4, 18)), day(20))
    assert (clock.basis, due_at(clock), clock.may_move) == (Basis.MOVED, at(20, 17), True)
    assert not moved(clock, day(25)).may_move


def test_a_changed_calendar_counts_the_same_clock_anew() -> None:
    clock = begun(None, DEFAULT, MONDAY, None)
    assert due_at(clock, Calendar.of([day(4)], [])) == at(10, 17)
    assert due_at(clock, Calendar.of([], [day(7)])) == at(7, 17)


def test_a_rule_counts_from_its_first_to_its_last_day() -> None:
    rule = DeadlineRule("x", "x", Limit(3), valid_from=day(2), valid_to=day(4))
    assert [rule.is_valid_on(day(number)) for number in (1, 2, 4, 5)] == [False, True, True, False]
