"""What people may do, each step refused by name where it cannot be, and any sequence of steps."""

from datetime import date
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from services.events import AssignmentState, AssignmentStatus, Coordinator, DocumentBrief
from services.routing.actions import Outcome, Refusal, accept, complete, give_back, reassign
from services.routing.workload import OPEN
from tests.routing.small_office import NOW

TODAY = date(2026, 3, 2)
PEOPLE = ("hoa", "lan", "minh")


def state(status: AssignmentStatus = AssignmentStatus.ASSIGNED, **changes: Any) -> AssignmentState:
    brief = DocumentBrief(book="incoming", year=2026, number=1, arrived_on=TODAY)
    lead = {"lead_unit_id": "NC", "lead_person_id": "hoa", "assigned_on": TODAY}
    return AssignmentState(document_id="d", status=status, **{"document": brief, **lead, **changes})


def after(outcome: Outcome) -> AssignmentState:
    assert isinstance(outcome, AssignmentState)
    return outcome


def test_the_lead_accepts() -> None:
    accepted = after(accept(state(), "hoa", NOW))
    assert (accepted.status, accepted.accepted_at) == (AssignmentStatus.ACCEPTED, NOW)


@pytest.mark.parametrize("status", sorted(set(AssignmentStatus) - {AssignmentStatus.ASSIGNED}))
def test_only_what_is_assigned_can_be_accepted(status: AssignmentStatus) -> None:
    assert accept(state(status), "hoa", NOW) == Refusal.WRONG_STATUS


def test_nobody_but_the_lead_accepts_returns_or_completes() -> None:
    assert accept(state(), "lan", NOW) == Refusal.NOT_THE_LEAD
    assert give_back(state(), "lan", "nhầm") == Refusal.NOT_THE_LEAD
    assert complete(state(), "lan", TODAY, "xong") == Refusal.NOT_THE_LEAD


def test_returned_work_has_no_lead_and_says_why() -> None:
    returned = after(give_back(state(AssignmentStatus.ACCEPTED), "hoa", "nhầm phòng"))
    assert (returned.status, returned.lead_person_id, returned.lead_unit_id, returned.note) == (
        AssignmentStatus.RETURNED,
        None,
        None,
        "nhầm phòng",
    )


@pytest.mark.parametrize("status", sorted(set(AssignmentStatus) - OPEN))
def test_only_open_work_can_be_returned_or_completed(status: AssignmentStatus) -> None:
    assert give_back(state(status), "hoa", "nhầm") == Refusal.WRONG_STATUS
    assert complete(state(status), "hoa", TODAY, "xong") == Refusal.WRONG_STATUS


def test_completed_work_has_a_day_and_a_result() -> None:
    done = after(complete(state(), "hoa", TODAY, "Công văn 12/UBND-NC"))
    assert (done.status, done.completed_on, done.result) == (
        AssignmentStatus.COMPLETED,
        TODAY,
        "Công văn 12/UBND-NC",
    )


def test_a_reassigned_document_is_new_to_its_lead_whose_unit_coordinates_no_more() -> None:
    before = state(
        AssignmentStatus.ACCEPTED,
        accepted_at=NOW,
        coordinators=(Coordinator(unit_id="KT", person_id="head-kt"), Coordinator(unit_id="TH")),
    )
    given = after(reassign(before, "KT", "minh", (), TODAY, None))
    assert (given.status, given.lead_person_id, given.accepted_at) == (AssignmentStatus.ASSIGNED, "minh", None)
    assert [each.unit_id for each in given.coordinators] == ["TH"]


def test_finished_or_withdrawn_work_is_not_reassigned() -> None:
    for status in (AssignmentStatus.COMPLETED, AssignmentStatus.WITHDRAWN):
        assert reassign(state(status), "KT", "minh", (), TODAY, None) == Refusal.WRONG_STATUS


def test_nobody_gets_what_they_have_or_what_concerns_them() -> None:
    assert reassign(state(), "NC", "hoa", (), TODAY, None) == Refusal.ALREADY_LEADS
    assert reassign(state(), "KT", "minh", ("minh",), TODAY, None) == Refusal.CONFLICT


def test_words_about_a_restricted_document_do_not_leave_its_history() -> None:
    brief = DocumentBrief(book="incoming", year=2026, number=1, arrived_on=TODAY, restricted=True)
    secret = state(document=brief)
    assert after(give_back(secret, "hoa", "người bị tố cáo là …")).note is None
    assert after(complete(secret, "hoa", TODAY, "đã chuyển …")).result is None
    assert after(reassign(secret, "KT", "minh", (), TODAY, "xem …")).note is None


class Steps(RuleBasedStateMachine):
    """Anybody tries anything in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.state = state(AssignmentStatus.UNASSIGNED, lead_unit_id=None, lead_person_id=None, assigned_on=None)

    def follow(self, outcome: Outcome) -> None:
        if isinstance(outcome, AssignmentState):
            assert outcome.status != self.state.status or outcome.lead_person_id != self.state.lead_person_id
            self.state = outcome

    @rule(by=st.sampled_from(PEOPLE))
    def accepts(self, by: str) -> None:
        self.follow(accept(self.state, by, NOW))

    @rule(by=st.sampled_from(PEOPLE))
    def returns(self, by: str) -> None:
        self.follow(give_back(self.state, by, "nhầm"))

    @rule(by=st.sampled_from(PEOPLE))
    def completes(self, by: str) -> None:
        self.follow(complete(self.state, by, TODAY, "xong"))

    @rule(to=st.sampled_from(PEOPLE), conflicted=st.sets(st.sampled_from(PEOPLE)))
    def reassigns(self, to: str, conflicted: set[str]) -> None:
        self.follow(reassign(self.state, "NC", to, tuple(conflicted), TODAY, None))

    @invariant()
    def exactly_one_lead_while_somebody_has_it_or_had_it(self) -> None:
        has_lead = self.state.status in OPEN | {AssignmentStatus.COMPLETED}
        assert (self.state.lead_person_id is not None) is has_lead
        assert (self.state.assigned_on is not None) is has_lead

    @invariant()
    def marks_stand_only_where_they_belong(self) -> None:
        status = self.state.status
        assert (self.state.completed_on is not None) == (status == AssignmentStatus.COMPLETED)
        assert status != AssignmentStatus.ACCEPTED or self.state.accepted_at is not None
        assert status not in {AssignmentStatus.ASSIGNED, AssignmentStatus.RETURNED} or self.state.accepted_at is None


TestSteps = Steps.TestCase
TestSteps.settings = settings(max_examples=60, stateful_step_count=20, deadline=None)
