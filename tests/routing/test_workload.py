"""How heavy work is, and sums that many move."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.events import AssignmentState, AssignmentStatus, Urgency
from services.routing.assignment import brief_of
from services.routing.workload import (
    NEVER,
    NO_LOAD,
    Load,
    LoadBook,
    Received,
    burden,
    horizon_of,
    load_of,
    recomputed,
    weeks_until,
)
from services.worktime import Calendar
from tests.routing.small_office import document

MONDAY = date(2026, 3, 2)
HORIZON = horizon_of(MONDAY, Calendar())


def state(id: str = "d", urgency: Urgency = Urgency.NORMAL, **changes: Any) -> AssignmentState:
    brief = brief_of(document(id, urgency=urgency))
    fields = {"status": AssignmentStatus.ASSIGNED, "lead_person_id": "hoa", **changes}
    return AssignmentState(document_id=id, document=brief, **fields)


def burden_of(*states: AssignmentState) -> float:
    return burden(recomputed(states).get("hoa", NO_LOAD), HORIZON)


@pytest.mark.parametrize(
    ("urgency", "weighs"),
    [(Urgency.NORMAL, 1), (Urgency.URGENT, 1.5), (Urgency.VERY_URGENT, 2), (Urgency.EXPRESS, 3)],
)
def test_the_more_urgent_weighs_more(urgency: Urgency, weighs: float) -> None:
    assert burden_of(state(urgency=urgency, due_on=date(2026, 3, 9))) == weighs


@pytest.mark.parametrize(
    ("due_on", "weighs"),
    [
        (date(2026, 2, 1), 2),
        (MONDAY, 2),
        (date(2026, 3, 4), 1.5),
        (date(2026, 3, 5), 1),
        (date(2026, 3, 9), 1),
        (date(2026, 3, 10), 0.5),
        (None, 0.5),
    ],
)
def test_what_ends_sooner_in_working_days_weighs_more(due_on: date | None, weighs: float) -> None:
    assert burden_of(state(due_on=due_on)) == weighs


def test_what_stands_weighs_little_and_what_is_done_nothing() -> None:
    waiting = [state(id, status=AssignmentStatus.WAITING) for id in "abcd"]
    assert burden_of(*waiting) == 1
    assert burden_of(state(status=AssignmentStatus.COMPLETED, due_on=MONDAY)) == 0


def test_what_never_ends_comes_after_every_day() -> None:
    assert date.max.isoformat() < NEVER


def test_a_burden_is_rounded_to_halves() -> None:
    assert burden_of(state(urgency=Urgency.URGENT)) == 1  # 0.75
    assert burden_of(state(status=AssignmentStatus.WAITING)) == 0.5  # 0.25
    assert burden(Load(waiting=1), HORIZON) == 0  # 0.125


def test_what_was_given_is_counted_by_week_and_returning_it_takes_nothing_back() -> None:
    book = LoadBook()
    given = state()
    book.shift(None, given, MONDAY)
    returned = given.model_copy(update={"status": AssignmentStatus.RETURNED, "lead_person_id": None})
    book.shift(given, returned, MONDAY + timedelta(days=7))
    assert (book.of("hoa"), book.received("hoa")) == (NO_LOAD, Received({"2026-W10": 1}, "2026-03-02"))
    book.shift(returned, given, MONDAY + timedelta(days=7))
    assert book.received("hoa") == Received({"2026-W10": 1, "2026-W11": 1}, "2026-03-09")


def test_only_a_new_lead_is_given_something() -> None:
    book = LoadBook()
    given = state()
    done = given.model_copy(update={"status": AssignmentStatus.COMPLETED})
    book.shift(None, state(status=AssignmentStatus.UNASSIGNED, lead_person_id=None), MONDAY)
    book.shift(given, given.model_copy(update={"status": AssignmentStatus.ACCEPTED}), MONDAY)
    book.shift(given, done, MONDAY)
    book.shift(done, given, MONDAY)
    assert book.gave == {}
    book.shift(given, given.model_copy(update={"lead_person_id": "lan"}), MONDAY)
    assert book.gave.keys() == {"lan"}


def test_an_earlier_day_never_makes_the_last_one_earlier() -> None:
    book = LoadBook({}, {"hoa": Received({}, "2026-03-09")})
    book.shift(None, state(), MONDAY)
    assert book.received("hoa").last_on == "2026-03-09"


def test_weeks_are_those_of_iso_also_around_new_year() -> None:
    assert weeks_until(date(2027, 1, 1)) == ("2026-W53", "2026-W52", "2026-W51", "2026-W50")


def test_a_book_names_the_weeks_that_count_no_more_and_the_days_that_became_empty() -> None:
    due = state(due_on=MONDAY)
    known = load_of(due)
    assert known
    book = LoadBook({"hoa": known[1]}, {"hoa": Received({"2026-W06": 2, "2026-W07": 3}, "2026-02-10")})
    assert ([*book.outdated("hoa")], [*book.emptied("hoa")]) == ([], [])
    book.shift(due, due.model_copy(update={"lead_person_id": "lan"}), MONDAY)
    book.shift(None, state("e"), MONDAY)
    assert ([*book.outdated("hoa")], [*book.emptied("hoa")]) == (["2026-W06"], ["2026-03-02"])
    assert [*book.emptied("lan")] == []


STATES = st.builds(
    state,
    id=st.sampled_from("abc"),
    urgency=st.sampled_from(Urgency),
    status=st.sampled_from(AssignmentStatus),
    lead_person_id=st.sampled_from(["hoa", "lan", None]),
    due_on=st.sampled_from([None, MONDAY, date(2026, 3, 9)]),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(STATES, max_size=6), max_size=5))
def test_sums_that_are_moved_equal_those_of_the_assignments_after_any_course(
    batches: list[list[AssignmentState]],
) -> None:
    kept: dict[str, Load] = {}
    now: dict[str, AssignmentState] = {}
    for batch in batches:
        book = LoadBook(kept)
        for each in batch:
            book.shift(now.get(each.document_id), each, MONDAY)
            now[each.document_id] = each
        for person, by in book.changes.items():
            kept[person] = kept.get(person, NO_LOAD) + by
            assert kept[person] == book.of(person)
            assert all(day not in kept[person].due for day in book.emptied(person))
    assert {person: load for person, load in kept.items() if load != NO_LOAD} == recomputed(now.values())
    assert all(weight > 0 for load in kept.values() for weight in load.due.values())
    assert max(day for day in ("9999-12-31", "0001-01-01")) < NEVER
