"""Who may do what in which state, and whatever sequence of actions people think of."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from services.events import AssignmentState, AssignmentStatus, Coordinator, DocumentBrief, Proposal
from services.policy import Role, Viewer
from services.routing import actions
from services.routing.actions import Outcome, Refusal, refusal
from services.routing.states import (
    ALLOWED,
    OPEN,
    POSSIBLE,
    WITH_LEAD,
    Act,
    Relation,
    is_possible,
    possible,
    relations,
)

TODAY, NOW = date(2026, 3, 2), datetime(2026, 3, 2, 2, tzinfo=UTC)
UNITS = {"NC": ("hoa", "lan"), "KT": ("minh", "phuc"), "VX": ("quy",)}
UNIT_OF = {person: unit for unit, people in UNITS.items() for person in people}
CONCERNED = "phuc"
STAFF = {
    "hoa": Viewer("o", "hoa", frozenset({Role.SPECIALIST}), frozenset({"NC"})),
    "lan": Viewer("o", "lan", frozenset({Role.SPECIALIST})),
    "minh": Viewer("o", "minh", frozenset({Role.SPECIALIST}), frozenset({"KT"})),
    "phuc": Viewer("o", "phuc", frozenset({Role.SPECIALIST, Role.LEADER})),
    "quy": Viewer("o", "quy", frozenset({Role.SPECIALIST})),
    "clerk": Viewer("o", "clerk", frozenset({Role.CLERK})),
    "leader": Viewer("o", "leader", frozenset({Role.LEADER})),
    "auditor": Viewer("o", "auditor", frozenset({Role.AUDITOR})),
}
people, viewers = st.sampled_from(sorted(UNIT_OF)), st.sampled_from(sorted(STAFF))
coordinators = st.lists(
    st.sampled_from([Coordinator(unit_id=unit, person_id=person) for person, unit in UNIT_OF.items()]), max_size=2
)


def state(status: AssignmentStatus = AssignmentStatus.ASSIGNED, **changes: Any) -> AssignmentState:
    brief = DocumentBrief(book="incoming", year=2026, number=1, arrived_on=TODAY)
    lead: dict[str, Any] = {"lead_unit_id": "NC", "lead_person_id": "lan", "assigned_on": TODAY}
    if status not in WITH_LEAD:
        lead = {}
    if status == AssignmentStatus.PROPOSED:
        lead = {"proposal": Proposal(lead_unit_id="NC", lead_person_id="lan")}
    return AssignmentState(**{"document_id": "d", "status": status, "document": brief, **lead, **changes})


@pytest.mark.parametrize(
    ("act", "allowed"),
    [
        (Act.APPROVE, {"leader"}),
        (Act.ACCEPT, {"lan"}),
        (Act.START, {"lan"}),
        (Act.HAND_ON, {"lan", "hoa"}),
        (Act.RETURN, {"lan"}),
        (Act.REASSIGN, {"leader", "clerk", "hoa"}),
        (Act.RECALL, {"leader", "clerk"}),
        (Act.SET_COORDINATORS, {"leader", "clerk", "hoa"}),
        (Act.GIVE_OPINION, {"quy"}),
        (Act.STOP_CLOCK, {"lan", "hoa"}),
        (Act.RESUME_CLOCK, {"lan", "hoa", "leader"}),
        (Act.MOVE_DEADLINE, {"leader"}),
        (Act.COMPLETE, {"lan"}),
        (Act.REOPEN, {"leader", "clerk", "hoa"}),
    ],
)
def test_each_action_is_allowed_to_exactly_these_people(act: Act, allowed: set[str]) -> None:
    there = state(coordinators=(Coordinator(unit_id="VX", person_id="quy"),), conflicted_person_ids=(CONCERNED,))
    found = {name for name, viewer in STAFF.items() if not ALLOWED[act].isdisjoint(relations(viewer, there))}
    assert found == allowed


S = AssignmentStatus


@pytest.mark.parametrize(
    ("status", "acts"),
    [
        (S.UNASSIGNED, {Act.REASSIGN}),
        (S.PROPOSED, {Act.APPROVE, Act.REASSIGN, Act.RECALL}),
        (S.RETURNED, {Act.REASSIGN}),
        (S.ASSIGNED, set(Act) - {Act.APPROVE, Act.RESUME_CLOCK, Act.REOPEN}),
        (S.ACCEPTED, set(Act) - {Act.APPROVE, Act.ACCEPT, Act.RESUME_CLOCK, Act.REOPEN}),
        (S.IN_PROGRESS, set(Act) - {Act.APPROVE, Act.ACCEPT, Act.START, Act.RESUME_CLOCK, Act.REOPEN}),
        (
            S.WAITING,
            {Act.REASSIGN, Act.RECALL, Act.SET_COORDINATORS, Act.GIVE_OPINION, Act.RESUME_CLOCK, Act.COMPLETE},
        ),
        (S.COMPLETED, {Act.REOPEN}),
        (S.WITHDRAWN, set()),
    ],
)
def test_each_state_makes_exactly_these_actions_possible(status: AssignmentStatus, acts: set[Act]) -> None:
    assert {act for act in Act if is_possible(act, state(status))} == acts
    sealed = state(status, document=state().document.model_copy(update={"sealed": True}))
    assert not [act for act in Act if is_possible(act, sealed)]


def test_whoever_may_do_nothing_is_offered_nothing() -> None:
    assert possible(state(), relations(STAFF["auditor"], state())) == ()
    assert Act.ACCEPT in possible(state(), relations(STAFF["lan"], state()))


def test_whoever_it_concerns_is_nothing_to_it() -> None:
    assert relations(STAFF[CONCERNED], state(conflicted_person_ids=(CONCERNED,))) == frozenset()
    assert relations(STAFF[CONCERNED], state()) == frozenset({Relation.LEADER})


def test_a_refusal_names_the_person_before_the_state() -> None:
    assert refusal(Act.ACCEPT, state(S.COMPLETED), frozenset()) is Refusal.NOT_ALLOWED
    assert refusal(Act.ACCEPT, state(S.COMPLETED), frozenset({Relation.LEAD})) is Refusal.WRONG_STATUS
    assert refusal(Act.ACCEPT, state(), frozenset({Relation.LEAD})) is None


def after(outcome: Outcome) -> AssignmentState:
    assert isinstance(outcome, AssignmentState)
    return outcome


def test_returned_and_recalled_work_has_no_lead_and_says_why() -> None:
    for given_up in (
        actions.give_back(state(S.ACCEPTED), "nhầm phòng"),
        actions.recall(state(S.WAITING), "nhầm phòng"),
    ):
        left = after(given_up)
        assert (left.status, left.lead_person_id, left.lead_unit_id, left.note) == (
            S.RETURNED,
            None,
            None,
            "nhầm phòng",
        )


def test_completed_work_has_a_day_and_a_result_or_the_number_of_the_reply() -> None:
    done = after(actions.complete(state(), TODAY, "đã trả lời", "12/UBND-NC"))
    assert (done.status, done.completed_on, done.result, done.reply) == (S.COMPLETED, TODAY, "đã trả lời", "12/UBND-NC")


def test_a_reassigned_document_is_new_to_its_lead_whose_unit_coordinates_no_more() -> None:
    before = state(
        S.ACCEPTED,
        accepted_at=NOW,
        coordinators=(Coordinator(unit_id="KT", person_id="phuc"), Coordinator(unit_id="VX", person_id="quy")),
    )
    given = after(actions.reassign(before, "KT", "minh", TODAY, None))
    assert (given.status, given.lead_person_id, given.accepted_at) == (S.ASSIGNED, "minh", None)
    assert [each.unit_id for each in given.coordinators] == ["VX"]


def test_nobody_gets_what_they_have_or_what_concerns_them_or_what_another_unit_has() -> None:
    there = state(conflicted_person_ids=(CONCERNED,))
    assert actions.reassign(there, "NC", "lan", TODAY, None) is Refusal.ALREADY_LEADS
    assert actions.reassign(there, "KT", CONCERNED, TODAY, None) is Refusal.CONFLICT
    assert actions.hand_on(there, "minh", "KT", TODAY, None) is Refusal.OTHER_UNIT


def test_a_leader_approves_the_proposal_or_what_they_make_of_it() -> None:
    proposed = state(S.PROPOSED)
    assert after(actions.approve(proposed, TODAY)).lead_person_id == "lan"
    changed = after(actions.approve(proposed, TODAY, lead_unit_id="KT", lead_person_id="minh", instruction="gấp"))
    assert (changed.lead_unit_id, changed.lead_person_id, changed.instruction) == ("KT", "minh", "gấp")
    nobody = state(S.PROPOSED, proposal=Proposal(lead_unit_id="NC"))
    assert actions.approve(nobody, TODAY) is Refusal.NO_LEAD


def test_the_clock_stops_and_the_deadline_moves_only_where_its_rule_lets_them() -> None:
    assert actions.stop_clock(state(), NOW, "chờ", suspendable=False) is Refusal.NOT_SUSPENDABLE
    assert actions.move_deadline(state(), "phức tạp", may_still_move=False) is Refusal.NOT_EXTENDABLE


def test_an_opinion_stays_with_the_coordinator_who_gave_it() -> None:
    quy = Coordinator(unit_id="VX", person_id="quy")
    given = after(actions.give_opinion(state(coordinators=(quy,)), "quy", TODAY))
    kept = after(actions.set_coordinators(given, [quy, Coordinator(unit_id="KT", person_id="minh")]))
    assert [(each.person_id, each.opinion_on) for each in kept.coordinators] == [("quy", TODAY), ("minh", None)]


def test_words_about_a_restricted_document_do_not_leave_its_history() -> None:
    secret = state(document=state().document.model_copy(update={"restricted": True}))
    for outcome in (
        actions.give_back(secret, "người bị tố cáo là …"),
        actions.recall(secret, "người bị tố cáo là …"),
        actions.complete(secret, TODAY, "người bị tố cáo là …", "người bị tố cáo là …"),
        actions.reassign(secret, "KT", "minh", TODAY, "người bị tố cáo là …"),
        actions.stop_clock(secret, NOW, "người bị tố cáo là …", suspendable=True),
        actions.move_deadline(secret, "người bị tố cáo là …", may_still_move=True),
        actions.reopen(secret.model_copy(update={"status": S.COMPLETED}), "người bị tố cáo là …"),
    ):
        assert "tố cáo" not in after(outcome).model_dump_json()


class Work(RuleBasedStateMachine):
    """One document in the hands of an office in which everybody tries everything."""

    def __init__(self) -> None:
        super().__init__()
        proposal = Proposal(lead_unit_id="NC", lead_person_id="lan")
        self.state = state(S.PROPOSED, proposal=proposal, conflicted_person_ids=(CONCERNED,))
        self.state = actions.dated(self.state, NOW, TODAY)
        self.states = [self.state]

    def attempt(self, act: Act, by: str, outcome: Any) -> None:
        """`outcome` is only asked for where nothing stands in the way."""
        who = relations(STAFF[by], self.state)
        refused = refusal(act, self.state, who)
        assert (refused is None) == (act in possible(self.state, who))
        result: Outcome = refused or outcome()
        if isinstance(result, AssignmentState):
            if S.WAITING in {self.state.status, result.status}:
                stands = result.status == S.WAITING
                result = actions.dated(result, *(None, None) if stands else (NOW, TODAY))
            assert self.state.status in POSSIBLE[act]
            self.states.append(result)
            self.state = result

    @rule(by=viewers, person=people, named=coordinators)
    def approve(self, by: str, person: str, named: list[Coordinator]) -> None:
        changed = {"lead_unit_id": UNIT_OF[person], "lead_person_id": person, "coordinators": tuple(named)}
        self.attempt(Act.APPROVE, by, lambda: actions.approve(self.state, TODAY, **changed))

    @rule(by=viewers)
    def accept(self, by: str) -> None:
        self.attempt(Act.ACCEPT, by, lambda: actions.accept(self.state, NOW))

    @rule(by=viewers)
    def start(self, by: str) -> None:
        self.attempt(Act.START, by, lambda: actions.start(self.state, NOW))

    @rule(by=viewers, person=people)
    def hand_on(self, by: str, person: str) -> None:
        self.attempt(Act.HAND_ON, by, lambda: actions.hand_on(self.state, person, UNIT_OF[person], TODAY, None))

    @rule(by=viewers)
    def give_back(self, by: str) -> None:
        self.attempt(Act.RETURN, by, lambda: actions.give_back(self.state, "nhầm phòng"))

    @rule(by=viewers, person=people)
    def reassign(self, by: str, person: str) -> None:
        self.attempt(Act.REASSIGN, by, lambda: actions.reassign(self.state, UNIT_OF[person], person, TODAY, None))

    @rule(by=viewers)
    def recall(self, by: str) -> None:
        self.attempt(Act.RECALL, by, lambda: actions.recall(self.state, "rút lại"))

    @rule(by=viewers, named=coordinators)
    def set_coordinators(self, by: str, named: list[Coordinator]) -> None:
        self.attempt(Act.SET_COORDINATORS, by, lambda: actions.set_coordinators(self.state, named))

    @rule(by=viewers)
    def give_opinion(self, by: str) -> None:
        self.attempt(Act.GIVE_OPINION, by, lambda: actions.give_opinion(self.state, by, TODAY))

    @rule(by=viewers, suspendable=st.booleans())
    def stop_clock(self, by: str, suspendable: bool) -> None:
        self.attempt(Act.STOP_CLOCK, by, lambda: actions.stop_clock(self.state, NOW, "chờ", suspendable=suspendable))

    @rule(by=viewers)
    def resume_clock(self, by: str) -> None:
        self.attempt(Act.RESUME_CLOCK, by, lambda: actions.resume_clock(self.state))

    @rule(by=viewers, may=st.booleans())
    def move_deadline(self, by: str, may: bool) -> None:
        self.attempt(
            Act.MOVE_DEADLINE,
            by,
            lambda: actions.move_deadline(self.state, "phức tạp", may_still_move=may),
        )

    @rule(by=viewers)
    def complete(self, by: str) -> None:
        self.attempt(Act.COMPLETE, by, lambda: actions.complete(self.state, TODAY, "xong", None))

    @precondition(lambda self: self.state.status == S.COMPLETED)
    @rule(by=viewers)
    def reopen(self, by: str) -> None:
        self.attempt(Act.REOPEN, by, lambda: actions.reopen(self.state, "chưa đủ"))

    @invariant()
    def has_exactly_one_lead_from_assigned_to_completed(self) -> None:
        has = self.state.lead_person_id is not None
        assert has == (self.state.status in WITH_LEAD)
        assert has == (self.state.lead_unit_id is not None) == (self.state.assigned_on is not None)
        if self.state.lead_person_id is not None:
            assert UNIT_OF[self.state.lead_person_id] == self.state.lead_unit_id

    @invariant()
    def is_in_nobodys_hands_whom_it_concerns_and_in_no_hands_twice(self) -> None:
        named = [self.state.lead_person_id, *(each.person_id for each in self.state.coordinators)]
        hands = [each for each in named if each]
        assert CONCERNED not in hands
        assert len(set(hands)) == len(hands)
        units = [self.state.lead_unit_id, *(each.unit_id for each in self.state.coordinators)]
        assert len(set(units)) == len(units)

    @invariant()
    def has_no_deadline_just_while_its_clock_stands(self) -> None:
        stands = self.state.status == S.WAITING
        assert stands == (self.state.stopped_at is not None)
        assert stands == (self.state.due_at is None) == (self.state.due_on is None)

    @invariant()
    def counts_each_new_deadline(self) -> None:
        for before, after in zip(self.states[-2:], self.states[-1:], strict=False):
            moved = (before.due_at, before.due_on) != (after.due_at, after.due_on)
            assert after.due_version == before.due_version + moved

    @invariant()
    def says_only_what_its_state_has(self) -> None:
        status = self.state.status
        assert (self.state.proposal is not None) == (status == S.PROPOSED)
        assert (self.state.completed_on is not None) == (status == S.COMPLETED)
        if status in OPEN - {S.ASSIGNED}:
            assert self.state.accepted_at is not None or status == S.WAITING
        if status == S.ASSIGNED:
            assert self.state.accepted_at is None


TestWork = Work.TestCase
TestWork.settings = settings(
    max_examples=100, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
