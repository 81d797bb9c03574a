"""What a corrected description changes about an assignment that stands. Pure.

The lead stays, unless the document now concerns them: then their unit's next candidate leads, and where there
is none the document goes to the clerk's list. A co-ordinator whom it now concerns is replaced the same way.
The due date is counted again when something changed that it rests on.
"""

from dataclasses import dataclass, replace
from datetime import date

from services.events import (
    AssignmentEvent,
    AssignmentNotPossible,
    AssignmentReturned,
    AssignmentState,
    AssignmentStatus,
    Coordinator,
    DeadlineMoved,
    DocumentAssigned,
    DocumentCompleted,
    DocumentState,
)
from services.routing.assignment import Kept, brief_of
from services.routing.deadline import due
from services.routing.decision import Nobody, Reason, choose_coordinator, choose_lead, deciding_person
from services.routing.roster import Facts, Matched, OfficeView
from services.routing.workload import OPEN, LoadBook


@dataclass(frozen=True, slots=True)
class Outcome:
    what: str
    event: type[AssignmentEvent]
    state: AssignmentState
    reason: Reason


def described(
    before: Kept,
    document: DocumentState,
    facts: Facts,
    view: OfficeView | None,
    matched: Matched | None,
    loads: LoadBook,
    today: date,
) -> Outcome:
    state, reason = _redated(before, facts, view, matched)
    state = _rewritten(state, document)
    if view is not None and state.status in OPEN | {AssignmentStatus.RETURNED}:
        state, reason = _without_conflict(state, reason, facts, view, loads, today)
    if view is not None and (facts.restricted != before.facts.restricted or _decider_is_concerned(state, facts)):
        state = state.model_copy(update={"deciding_person_id": deciding_person(facts, view)})
    return Outcome("described", _event_type(before.state, state), state, reason)


def _redated(
    before: Kept, facts: Facts, view: OfficeView | None, matched: Matched | None
) -> tuple[AssignmentState, Reason]:
    if view is None or _what_dates_rest_on(facts) == _what_dates_rest_on(before.facts):
        return before.state, before.reason
    limit = due(facts, matched.working_days if matched else None, view.default_working_days, view.calendar)
    state = before.state.model_copy(update={"due_on": limit.due_on})
    return state, replace(before.reason, due=limit)


def _what_dates_rest_on(facts: Facts) -> Facts:
    return replace(facts, conflicted_person_ids=(), restricted=False)


def _rewritten(state: AssignmentState, document: DocumentState) -> AssignmentState:
    concerned = document.conflicted_person_ids
    changes: dict[str, object] = {"document": brief_of(document), "conflicted_person_ids": concerned}
    if document.restricted:
        changes |= {"note": None, "result": None}
    return state.model_copy(update=changes)


def _without_conflict(
    state: AssignmentState, reason: Reason, facts: Facts, view: OfficeView, loads: LoadBook, today: date
) -> tuple[AssignmentState, Reason]:
    coordinators = tuple(_kept_or_replaced(each, facts, view, loads, today) for each in state.coordinators)
    state = state.model_copy(update={"coordinators": coordinators})
    if state.lead_person_id not in facts.conflicted_person_ids:
        return state, reason
    lead, candidates = choose_lead(state.lead_unit_id or "", facts, view, loads, today)
    nobody = None if lead else Nobody.NO_PERSON
    changes = {
        "status": AssignmentStatus.ASSIGNED if lead else AssignmentStatus.UNASSIGNED,
        "lead_person_id": lead,
        "lead_unit_id": state.lead_unit_id if lead else None,
        "assigned_on": today if lead else None,
        "accepted_at": None,
        "note": nobody,
    }
    return state.model_copy(update=changes), replace(reason, candidates=candidates, nobody=nobody)


def _kept_or_replaced(
    coordinator: Coordinator, facts: Facts, view: OfficeView, loads: LoadBook, today: date
) -> Coordinator:
    if coordinator.person_id not in facts.conflicted_person_ids:
        return coordinator
    return choose_coordinator(coordinator.unit_id, facts, view, loads, today)


def _decider_is_concerned(state: AssignmentState, facts: Facts) -> bool:
    return state.deciding_person_id is not None and state.deciding_person_id in facts.conflicted_person_ids


def _event_type(before: AssignmentState, after: AssignmentState) -> type[AssignmentEvent]:
    """Said by what it means for people: new people, a list to look at, or the same people with another text or date."""
    if after.status == AssignmentStatus.UNASSIGNED:
        return AssignmentNotPossible
    if after.status == AssignmentStatus.RETURNED:
        return AssignmentReturned
    if after.status == AssignmentStatus.COMPLETED:
        return DocumentCompleted
    return DeadlineMoved if _people(before) == _people(after) else DocumentAssigned


def _people(state: AssignmentState) -> tuple[object, ...]:
    return state.lead_person_id, state.coordinators, state.deciding_person_id
