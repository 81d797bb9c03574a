"""What a person may do with an assignment: accept, return, reassign, complete. Pure.

Each function answers with the state afterwards, or names why it cannot be.

    unassigned ──reassign──▶ assigned ──accept──▶ accepted ──complete──▶ completed
        ▲ returned ◀──return──┴───────────────────┘            (any) ──void──▶ withdrawn
"""

from datetime import date, datetime
from enum import StrEnum

from services.events import AssignmentState, AssignmentStatus
from services.routing.workload import OPEN

Text = str | None


class Refusal(StrEnum):
    NOT_THE_LEAD = "only the person who leads it may do this"
    WRONG_STATUS = "its status does not allow this now"
    ALREADY_LEADS = "that person leads it already"
    CONFLICT = "the document concerns that person"


Outcome = AssignmentState | Refusal


def accept(state: AssignmentState, by: str, at: datetime) -> Outcome:
    if state.status != AssignmentStatus.ASSIGNED:
        return Refusal.WRONG_STATUS
    if by != state.lead_person_id:
        return Refusal.NOT_THE_LEAD
    return state.model_copy(update={"status": AssignmentStatus.ACCEPTED, "accepted_at": at})


def give_back(state: AssignmentState, by: str, reason: str) -> Outcome:
    """Back to the clerk's list, without a lead. A restricted document's reason is not said to others."""
    if state.status not in OPEN:
        return Refusal.WRONG_STATUS
    if by != state.lead_person_id:
        return Refusal.NOT_THE_LEAD
    return state.model_copy(
        update={
            "status": AssignmentStatus.RETURNED,
            "lead_unit_id": None,
            "lead_person_id": None,
            "assigned_on": None,
            "accepted_at": None,
            "note": _unless_restricted(state, reason),
        }
    )


def reassign(
    state: AssignmentState, unit_id: str, person_id: str, conflicted: tuple[str, ...], on: date, note: Text
) -> Outcome:
    """A new lead; who was a co-ordinator for that unit is none any more."""
    if state.status in {AssignmentStatus.COMPLETED, AssignmentStatus.WITHDRAWN}:
        return Refusal.WRONG_STATUS
    if person_id == state.lead_person_id:
        return Refusal.ALREADY_LEADS
    if person_id in conflicted:
        return Refusal.CONFLICT
    return state.model_copy(
        update={
            "status": AssignmentStatus.ASSIGNED,
            "lead_unit_id": unit_id,
            "lead_person_id": person_id,
            "coordinators": tuple(each for each in state.coordinators if each.unit_id != unit_id),
            "assigned_on": on,
            "accepted_at": None,
            "note": _unless_restricted(state, note),
        }
    )


def complete(state: AssignmentState, by: str, on: date, result: str) -> Outcome:
    """Also straight from assigned: what was done at once needs no acceptance first."""
    if state.status not in OPEN:
        return Refusal.WRONG_STATUS
    if by != state.lead_person_id:
        return Refusal.NOT_THE_LEAD
    changes = {"completed_on": on, "result": _unless_restricted(state, result), "note": None}
    return state.model_copy(update={"status": AssignmentStatus.COMPLETED, **changes})


def _unless_restricted(state: AssignmentState, text: Text) -> Text:
    return None if state.document.restricted else text
