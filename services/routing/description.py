"""What a corrected description changes about an assignment that stands. Pure.

The lead stays, unless the document now concerns them: then their unit's next candidate leads, and where there
is none the document goes to the clerk's list. A co-ordinator whom it now concerns is replaced the same way.
The due date is counted again when something changed that it rests on.
"""

from dataclasses import dataclass, replace

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
    Urgency,
)
from services.routing.actions import dated
from services.routing.assignment import Kept, brief_of, ends
from services.routing.candidates import Search, lead_in
from services.routing.deadline import Basis, Clock, due, resumed
from services.routing.decision import Nobody, Reason, choose_coordinator, clock_of, deciding_person
from services.routing.facts import Facts, Matched
from services.routing.moment import Moment
from services.routing.roster import OfficeView
from services.routing.states import OPEN
from services.routing.workload import LoadBook


@dataclass(frozen=True, slots=True)
class Outcome:
    what: str
    event: type[AssignmentEvent]
    state: AssignmentState
    reason: Reason
    clock: Clock | None


def described(
    before: Kept,
    document: DocumentState,
    facts: Facts,
    view: OfficeView | None,
    matched: Matched | None,
    loads: LoadBook,
    moment: Moment,
) -> Outcome:
    uplift = matched.urgency if matched else None
    state, reason = _rewritten(before.state, document, uplift), before.reason
    if view is not None and state.status in OPEN | {AssignmentStatus.RETURNED}:
        state, reason = _without_conflict(state, reason, facts, view, loads, moment)
    if view is not None and (facts.restricted != before.facts.restricted or _decider_is_concerned(state, facts)):
        state = state.model_copy(update={"deciding_person_id": deciding_person(facts, view)})
    clock = _clock(before, state, facts, view, matched, moment)
    if view is not None and clock is not None and clock != before.clock:
        reason = replace(reason, due=due(clock, view.calendar))
        assert reason.due is not None
        state = dated(state, *ends(reason.due, moment))
    return Outcome("described", _event_type(before.state, state), state, reason, clock)


def _clock(
    before: Kept,
    state: AssignmentState,
    facts: Facts,
    view: OfficeView | None,
    matched: Matched | None,
    moment: Moment,
) -> Clock | None:
    """Begun anew where something changed that it rests on, unless a leader has set the day. A wait that ends, ends here."""
    clock = before.clock
    if view is None:
        return clock
    rests_on_the_same = _what_dates_rest_on(facts) == _what_dates_rest_on(before.facts)
    if clock is None or not (rests_on_the_same or clock.basis is Basis.MOVED):
        anew = clock_of(facts, matched, view, moment)
        clock = replace(anew, moves=clock.moves, stops=clock.stops) if clock else anew
    waits_no_more = before.state.status == AssignmentStatus.WAITING != state.status
    return resumed(clock, moment.local) if waits_no_more else clock


def _what_dates_rest_on(facts: Facts) -> Facts:
    return replace(facts, conflicted_person_ids=(), restricted=False)


def _rewritten(state: AssignmentState, document: DocumentState, uplift: Urgency | None) -> AssignmentState:
    concerned = document.conflicted_person_ids
    changes: dict[str, object] = {"document": brief_of(document, uplift), "conflicted_person_ids": concerned}
    if document.restricted:
        changes |= dict.fromkeys(("note", "result", "reply", "instruction"))
    return state.model_copy(update=changes)


def _without_conflict(
    state: AssignmentState, reason: Reason, facts: Facts, view: OfficeView, loads: LoadBook, moment: Moment
) -> tuple[AssignmentState, Reason]:
    search = Search(state.lead_unit_id or "", state.matter, facts, view, loads, moment)
    if state.lead_person_id in facts.conflicted_person_ids:
        state, reason = _with_another_lead(state, reason, search)
    return state.model_copy(update={"coordinators": _coordinators(state, search)}), reason


def _with_another_lead(state: AssignmentState, reason: Reason, search: Search) -> tuple[AssignmentState, Reason]:
    chosen, candidates = lead_in(search)
    nobody, today = None if chosen else Nobody.NO_PERSON, search.moment.today
    changes = {
        "status": AssignmentStatus.ASSIGNED if chosen else AssignmentStatus.UNASSIGNED,
        "lead_person_id": chosen.person_id if chosen else None,
        "lead_unit_id": state.lead_unit_id if chosen else None,
        "assigned_on": today if chosen else None,
        "accepted_at": None,
        "started_at": None,
        "stopped_at": None,
        "note": nobody,
    }
    reason = replace(reason, nobody=nobody, unit_id=search.unit_id, looked_on=today, candidates=candidates)
    return state.model_copy(update=changes), reason


def _coordinators(state: AssignmentState, search: Search) -> tuple[Coordinator, ...]:
    """Those whom it now concerns, or who lead it now, are replaced by somebody who has no part in it yet."""
    result: list[Coordinator] = []
    for each in state.coordinators:
        if each.person_id in {*search.facts.conflicted_person_ids, state.lead_person_id} - {None}:
            taken = {state.lead_person_id, *(one.person_id for one in (*state.coordinators, *result))}
            named = {person for person in taken if person}
            chosen = choose_coordinator(replace(search, unit_id=each.unit_id), named)
            result.append(chosen.model_copy(update={"due_on": each.due_on}))
        else:
            result.append(each)
    return tuple(result)


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
