"""What each action makes of an assignment. Pure; `states` says when it is possible, and to whom.

Each function answers with the state afterwards, or names what stands in the way. Texts of a restricted document
stay in the history, which only its readers see.
"""

from collections.abc import Collection, Iterable
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from services.events import AssignmentState, AssignmentStatus, Coordinator
from services.routing.states import Act, Relation, is_allowed, is_possible

Text = str | None
S = AssignmentStatus


class Refusal(StrEnum):
    NOT_ALLOWED = "only some people may do this"
    WRONG_STATUS = "its status does not allow this now"
    ALREADY_LEADS = "that person leads it already"
    CONFLICT = "the document concerns that person"
    OTHER_UNIT = "that person is in another unit"
    NO_LEAD = "nobody is named who leads"
    NOT_SUSPENDABLE = "the rule of its deadline does not let the clock stop"
    NOT_EXTENDABLE = "the rule of its deadline does not let it be moved so often"
    LEAD_COORDINATES = "who leads is no co-ordinator"
    TWICE = "a unit or person is named twice"


Outcome = AssignmentState | Refusal
NOBODY: dict[str, Any] = {
    "lead_unit_id": None, "lead_person_id": None, "assigned_on": None, "accepted_at": None, "started_at": None,
    "proposal": None,
}  # fmt: skip


def refusal(act: Act, state: AssignmentState, who: Collection[Relation]) -> Refusal | None:
    if not is_allowed(act, who):
        return Refusal.NOT_ALLOWED
    return None if is_possible(act, state) else Refusal.WRONG_STATUS


def approve(state: AssignmentState, on: date, **changed: Any) -> Outcome:
    """The proposal counts, with what the leader changed in it: any field of `Proposal`."""
    assert state.proposal is not None
    decided = state.proposal.model_copy(update=changed)
    if decided.lead_person_id is None:
        return Refusal.NO_LEAD
    return _assigned(state, decided.lead_unit_id, decided.lead_person_id, decided.coordinators, on, decided.instruction)


def accept(state: AssignmentState, at: datetime) -> Outcome:
    return state.model_copy(update={"status": S.ACCEPTED, "accepted_at": at})


def start(state: AssignmentState, at: datetime) -> Outcome:
    """Also straight from assigned: who begins has accepted."""
    return state.model_copy(update={"status": S.IN_PROGRESS, "accepted_at": state.accepted_at or at, "started_at": at})


def hand_on(state: AssignmentState, person_id: str, unit_id: str, on: date, instruction: Text) -> Outcome:
    """To somebody else of the unit, who has to accept it anew."""
    if unit_id != state.lead_unit_id:
        return Refusal.OTHER_UNIT
    return reassign(state, unit_id, person_id, on, instruction)


def reassign(state: AssignmentState, unit_id: str, person_id: str, on: date, instruction: Text) -> Outcome:
    """A new lead; who was a co-ordinator for that unit is none any more."""
    if person_id == state.lead_person_id:
        return Refusal.ALREADY_LEADS
    return _assigned(state, unit_id, person_id, state.coordinators, on, instruction)


def give_back(state: AssignmentState, reason: str) -> Outcome:
    """Back to the clerk's list, without a lead."""
    return state.model_copy(update={**NOBODY, "status": S.RETURNED, "note": _public(state, reason)})


def recall(state: AssignmentState, reason: str) -> Outcome:
    """Taken away from whoever has it or was to have it, to the clerk's list; a clock that stood runs again."""
    changes = {**NOBODY, "status": S.RETURNED, "stopped_at": None, "coordinators": (), "instruction": None}
    return state.model_copy(update={**changes, "note": _public(state, reason)})


def set_coordinators(state: AssignmentState, named: Iterable[Coordinator]) -> Outcome:
    """All of them; who stays keeps the opinion that was given."""
    given = {(each.unit_id, each.person_id): each.opinion_on for each in state.coordinators}
    coordinators = tuple(
        each.model_copy(update={"opinion_on": given.get((each.unit_id, each.person_id))}) for each in named
    )
    if wrong := _coordinators_wrong(coordinators, state.lead_unit_id, state.lead_person_id, state):
        return wrong
    return state.model_copy(update={"coordinators": coordinators})


def give_opinion(state: AssignmentState, by: str, on: date) -> Outcome:
    coordinators = tuple(
        each.model_copy(update={"opinion_on": on}) if each.person_id == by else each for each in state.coordinators
    )
    return state.model_copy(update={"coordinators": coordinators})


def stop_clock(state: AssignmentState, at: datetime, reason: str, *, suspendable: bool) -> Outcome:
    """`dated` takes its deadline away: nobody knows the end until it runs again, and nothing is said of it."""
    if not suspendable:
        return Refusal.NOT_SUSPENDABLE
    return state.model_copy(update={"status": S.WAITING, "stopped_at": at, "note": _public(state, reason)})


def resume_clock(state: AssignmentState) -> Outcome:
    """The work goes on as work in progress; `dated` gives it the deadline that the stop has moved."""
    changes = {"status": S.IN_PROGRESS, "stopped_at": None, "note": None}
    return state.model_copy(update={**changes, "started_at": state.started_at or state.stopped_at})


def move_deadline(state: AssignmentState, reason: str, *, may_still_move: bool) -> Outcome:
    """`dated` gives it the day."""
    if not may_still_move:
        return Refusal.NOT_EXTENDABLE
    return state.model_copy(update={"note": _public(state, reason)})


def dated(state: AssignmentState, due_at: datetime | None, due_on: date | None) -> AssignmentState:
    """The same with this deadline; it is a new version of it only where it differs."""
    if (state.due_at, state.due_on) == (due_at, due_on):
        return state
    changes = {"due_at": due_at, "due_on": due_on, "escalated_to": ()}
    return state.model_copy(update={**changes, "due_version": state.due_version + 1})


def complete(state: AssignmentState, on: date, result: Text, reply: Text) -> Outcome:
    """From every open state: what was done at once needs no acceptance first, and an answer may come while one waits.

    Whatever ends a wait lets the clock run again: `dated` then gives it its deadline.
    """
    changes = {"completed_on": on, "result": _public(state, result), "reply": _public(state, reply)}
    return state.model_copy(update={**changes, "status": S.COMPLETED, "stopped_at": None, "note": None})


def reopen(state: AssignmentState, reason: str) -> Outcome:
    """For the one who had it, and who has to accept it anew; the deadline is the old one."""
    changes = {"completed_on": None, "result": None, "reply": None, "accepted_at": None, "started_at": None}
    return state.model_copy(update={**changes, "status": S.ASSIGNED, "note": _public(state, reason)})


def _assigned(
    state: AssignmentState,
    unit_id: str,
    person_id: str,
    coordinators: Iterable[Coordinator],
    on: date,
    instruction: Text,
) -> Outcome:
    if person_id in state.conflicted_person_ids:
        return Refusal.CONFLICT
    others = tuple(each for each in coordinators if each.unit_id != unit_id)
    if wrong := _coordinators_wrong(others, unit_id, person_id, state):
        return wrong
    lead = {"lead_unit_id": unit_id, "lead_person_id": person_id, "assigned_on": on}
    changes = {"status": S.ASSIGNED, "coordinators": others, "instruction": _public(state, instruction), "note": None}
    return state.model_copy(update={**NOBODY, **lead, **changes, "stopped_at": None, "escalated_to": ()})


def _coordinators_wrong(
    coordinators: Collection[Coordinator], unit_id: Text, person_id: Text, state: AssignmentState
) -> Refusal | None:
    people = [each.person_id for each in coordinators if each.person_id]
    units = [each.unit_id for each in coordinators]
    if unit_id in units or (person_id and person_id in people):
        return Refusal.LEAD_COORDINATES
    if len(set(units)) < len(units) or len(set(people)) < len(people):
        return Refusal.TWICE
    return None if set(people).isdisjoint(state.conflicted_person_ids) else Refusal.CONFLICT


def _public(state: AssignmentState, text: Text) -> Text:
    return None if state.document.restricted else text
