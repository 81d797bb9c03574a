"""The states of an assignment: which action is possible in which of them, and to whom. Pure; all of it is tables.

unassigned ─┬─reassign─▶ assigned ─accept─▶ accepted ─start─▶ in progress ◀─resume── waiting
proposed ───┘(approve)       ▲ │  hand on, reassign: back to assigned  │ ▲──stop clock──▶ │
returned ◀──────return───────┼─┴──────────────────┬────────────────────┘                   │
                             └──── reopen ── completed ◀──────────── complete ─────────────┘
recall: from everything that is open or proposed to returned; a voided document is withdrawn from everything.
"""

from collections.abc import Collection
from enum import StrEnum

from services.events import AssignmentState, AssignmentStatus
from services.policy import Role, Viewer


class Act(StrEnum):
    APPROVE = "approve"
    ACCEPT = "accept"
    START = "start"
    HAND_ON = "hand on"
    RETURN = "return"
    REASSIGN = "reassign"
    RECALL = "recall"
    SET_COORDINATORS = "set the co-ordinators of"
    GIVE_OPINION = "give an opinion on"
    STOP_CLOCK = "stop the clock of"
    RESUME_CLOCK = "resume the clock of"
    MOVE_DEADLINE = "move the deadline of"
    COMPLETE = "complete"
    REOPEN = "reopen"


class Relation(StrEnum):
    """What somebody is to this document."""

    LEAD = "its lead"
    HEAD = "the head of the unit that has it"
    COORDINATOR = "one of its co-ordinators"
    LEADER = "a leader"
    CLERK = "a clerk"
    DECIDER = "the leader who decides on it"


S = AssignmentStatus
WITHOUT_LEAD = frozenset({S.UNASSIGNED, S.PROPOSED, S.RETURNED})
OPEN = frozenset({S.ASSIGNED, S.ACCEPTED, S.IN_PROGRESS, S.WAITING})
RUNNING = OPEN - {S.WAITING}
"""Open work whose clock runs."""
WITH_LEAD = OPEN | {S.COMPLETED}

POSSIBLE: dict[Act, frozenset[AssignmentStatus]] = {
    Act.APPROVE: frozenset({S.PROPOSED}),
    Act.ACCEPT: frozenset({S.ASSIGNED}),
    Act.START: frozenset({S.ASSIGNED, S.ACCEPTED}),
    Act.HAND_ON: RUNNING,
    Act.RETURN: RUNNING,
    Act.REASSIGN: WITHOUT_LEAD | OPEN,
    Act.RECALL: OPEN | {S.PROPOSED},
    Act.SET_COORDINATORS: OPEN,
    Act.GIVE_OPINION: OPEN,
    Act.STOP_CLOCK: RUNNING,
    Act.RESUME_CLOCK: frozenset({S.WAITING}),
    Act.MOVE_DEADLINE: RUNNING,
    Act.COMPLETE: OPEN,
    Act.REOPEN: frozenset({S.COMPLETED}),
}
R = Relation
_DECIDERS = frozenset({R.LEADER, R.DECIDER})
ALLOWED: dict[Act, frozenset[Relation]] = {
    Act.APPROVE: _DECIDERS,
    Act.ACCEPT: frozenset({R.LEAD}),
    Act.START: frozenset({R.LEAD}),
    Act.HAND_ON: frozenset({R.LEAD, R.HEAD}),
    Act.RETURN: frozenset({R.LEAD}),
    Act.REASSIGN: _DECIDERS | {R.CLERK, R.HEAD},
    Act.RECALL: _DECIDERS | {R.CLERK},
    Act.SET_COORDINATORS: _DECIDERS | {R.CLERK, R.HEAD},
    Act.GIVE_OPINION: frozenset({R.COORDINATOR}),
    Act.STOP_CLOCK: frozenset({R.LEAD, R.HEAD}),
    Act.RESUME_CLOCK: frozenset({R.LEAD, R.HEAD}) | _DECIDERS,
    Act.MOVE_DEADLINE: _DECIDERS,
    Act.COMPLETE: frozenset({R.LEAD}),
    Act.REOPEN: _DECIDERS | {R.CLERK, R.HEAD},
}


def relations(viewer: Viewer, state: AssignmentState) -> frozenset[Relation]:
    """What the viewer is to the document; whoever it concerns is nothing to it."""
    if viewer.person_id in state.conflicted_person_ids:
        return frozenset()
    found = {
        R.LEAD: viewer.person_id == state.lead_person_id,
        R.HEAD: state.lead_unit_id in viewer.headed_unit_ids,
        R.COORDINATOR: viewer.person_id in {each.person_id for each in state.coordinators},
        R.LEADER: Role.LEADER in viewer.roles,
        R.CLERK: Role.CLERK in viewer.roles,
        R.DECIDER: viewer.person_id == state.deciding_person_id,
    }
    return frozenset(relation for relation, holds in found.items() if holds)


def is_possible(act: Act, state: AssignmentState) -> bool:
    return state.status in POSSIBLE[act] and not state.document.sealed


def is_allowed(act: Act, who: Collection[Relation]) -> bool:
    return not ALLOWED[act].isdisjoint(who)


def possible(state: AssignmentState, who: Collection[Relation]) -> tuple[Act, ...]:
    """What somebody may do now, in the order in which it is offered."""
    return tuple(act for act in Act if is_possible(act, state) and is_allowed(act, who))
