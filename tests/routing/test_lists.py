"""Which lists a document stands on in which state, and who finds it there."""

from datetime import date
from typing import Any

import pytest

from services.events import AssignmentState, AssignmentStatus, Coordinator
from services.policy import Viewer
from services.routing.lists import Only, Which, ends_before, place_of, tokens_for, tokens_of
from services.routing.states import OPEN
from tests.routing.test_states import state

S = AssignmentStatus
TODAY = date(2026, 3, 2)
LAN, HOA = Viewer("o", "lan"), Viewer("o", "hoa", headed_unit_ids=frozenset({"NC"}))


def finds(viewer: Viewer, which: Which, only: Only | None, document: AssignmentState) -> bool:
    end = ends_before(only, TODAY)
    on_it = not set(tokens_of(document)).isdisjoint(tokens_for(which, only, viewer))
    return on_it and (end is None or place_of(document) < end)


@pytest.mark.parametrize("status", list(S))
def test_open_work_is_on_its_leads_its_units_and_the_offices_list_and_nothing_else_is(status: S) -> None:
    document = state(status)
    assert finds(LAN, Which.MINE, None, document) == (status in OPEN)
    assert finds(HOA, Which.UNIT, None, document) == (status in OPEN)
    assert finds(HOA, Which.OFFICE, None, document) == (status in OPEN)
    assert not finds(HOA, Which.MINE, None, document)
    assert not finds(LAN, Which.UNIT, None, document)


@pytest.mark.parametrize("status", list(S))
def test_what_nobody_has_waits_for_a_clerk_and_what_is_proposed_for_a_leader(status: S) -> None:
    document = state(status)
    assert finds(HOA, Which.UNASSIGNED, None, document) == (status in {S.UNASSIGNED, S.RETURNED})
    assert finds(HOA, Which.TO_APPROVE, None, document) == (status == S.PROPOSED)


def test_a_coordinator_is_asked_until_the_opinion_is_given() -> None:
    asked = state(coordinators=(Coordinator(unit_id="VX", person_id="quy"), Coordinator(unit_id="KT")))
    given = state(coordinators=(Coordinator(unit_id="VX", person_id="quy", opinion_on=TODAY),))
    assert finds(Viewer("o", "quy"), Which.ASKED, None, asked)
    assert not finds(Viewer("o", "quy"), Which.ASKED, None, given)
    assert not finds(LAN, Which.ASKED, None, asked)


@pytest.mark.parametrize(
    ("status", "due_on", "overdue", "waiting"),
    [
        (S.ACCEPTED, date(2026, 3, 1), True, False),
        (S.ACCEPTED, TODAY, False, False),
        (S.ACCEPTED, None, False, False),
        (S.WAITING, None, False, True),
        (S.WAITING, date(2026, 3, 1), False, True),
    ],
)
def test_of_a_list_only_what_is_past_its_day_is_overdue_and_what_stands_waits(
    status: S, due_on: date | None, overdue: bool, waiting: bool
) -> None:
    document = state(status, due_on=due_on)
    assert finds(LAN, Which.MINE, Only.OVERDUE, document) == overdue
    assert finds(LAN, Which.MINE, Only.WAITING, document) == waiting
    assert finds(LAN, Which.MINE, None, document)


def test_what_is_due_first_stands_first_and_what_has_no_deadline_last() -> None:
    def place(**changes: Any) -> str:
        return place_of(state().model_copy(update=changes))

    places = [place(due_on=date(2026, 3, 1)), place(due_on=TODAY), place(due_on=TODAY, document_id="e"), place()]
    assert places == sorted(places)
