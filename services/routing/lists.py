"""Which work lists a document stands on, and where on them. Pure.

A row has one token for each of its lists and one key for its place on all of them: what is due first comes first, and
what has no deadline last. So every list, whole or only what waits or is overdue of it, is a range of one index.
"""

from datetime import date
from enum import StrEnum

from services.events import AssignmentState, AssignmentStatus
from services.policy import Viewer
from services.routing.states import OPEN, RUNNING

NO_DEADLINE = "9999-12-31"


class Which(StrEnum):
    """Whose list: what I lead; what my opinion is asked for; what the units have that I head; all open work of the
    office; what waits for somebody to be named; what waits for a leader."""

    MINE = "mine"
    ASKED = "asked"
    UNIT = "unit"
    OFFICE = "office"
    UNASSIGNED = "unassigned"
    TO_APPROVE = "to_approve"


class Only(StrEnum):
    """What of it: past its day, or with a clock that stands."""

    OVERDUE = "overdue"
    WAITING = "waiting"


_UNASSIGNED = frozenset({AssignmentStatus.UNASSIGNED, AssignmentStatus.RETURNED})


def tokens_of(state: AssignmentState) -> list[str]:
    """Of a document that is on no list, none."""
    if state.status in _UNASSIGNED:
        lists = [Which.UNASSIGNED.value]
    elif state.status == AssignmentStatus.PROPOSED:
        lists = [Which.TO_APPROVE.value]
    elif state.status in OPEN:
        asked = [each.person_id for each in state.coordinators if each.person_id and each.opinion_on is None]
        lists = [Which.OFFICE, f"{Which.MINE}:{state.lead_person_id}", f"{Which.UNIT}:{state.lead_unit_id}"]
        lists += [f"{Which.ASKED}:{person_id}" for person_id in asked]
    else:
        return []
    part = "running" if state.status in RUNNING else "waiting" if state.status == AssignmentStatus.WAITING else ""
    return [*lists, *(f"{each}:{part}" for each in lists if part)]


def place_of(state: AssignmentState) -> str:
    """Its place on every list."""
    return f"{state.due_on or NO_DEADLINE}|{state.document_id}"


def tokens_for(which: Which, only: Only | None, viewer: Viewer) -> list[str]:
    """Of any of which a document of the viewer's list has to have one; a head of no unit has an empty list."""
    lists: list[str]
    if which is Which.UNIT:
        lists = [f"{which}:{unit}" for unit in sorted(viewer.headed_unit_ids)]
    else:
        lists = [f"{which}:{viewer.person_id}"] if which in {Which.MINE, Which.ASKED} else [which.value]
    if only is None:
        return lists
    part = "waiting" if only is Only.WAITING else "running"
    return [f"{each}:{part}" for each in lists]


def ends_before(only: Only | None, today: date) -> str | None:
    """The place before which the list ends; None where it has no end."""
    return today.isoformat() if only is Only.OVERDUE else None
