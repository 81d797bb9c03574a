"""Who is told what of which event: pure, and the same for whoever asks again."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from services.events import (
    AcceptanceMissed,
    AssignmentEvent,
    AssignmentNotPossible,
    AssignmentProposed,
    AssignmentRecalled,
    AssignmentReturned,
    AssignmentState,
    AssignmentStatus,
    AssignmentWithdrawn,
    CoordinatorsChanged,
    DeadlineNear,
    DeadlinePassed,
    DocumentAssigned,
    DocumentReopened,
    OpinionGiven,
    SecrecyIncidentRaised,
    WorkHandedOn,
)
from services.policy import Role

HOLDING = frozenset(
    {AssignmentStatus.ASSIGNED, AssignmentStatus.ACCEPTED, AssignmentStatus.IN_PROGRESS, AssignmentStatus.WAITING}
)
HAD_IT = HOLDING | {AssignmentStatus.COMPLETED}


class Telling(StrEnum):
    """What a notice says to its person."""

    AWAITS_YOU = "awaits_you"
    CO_ORDINATE = "co_ordinate"
    CHANGED = "changed"
    WENT_ELSEWHERE = "went_elsewhere"
    OPINION_GIVEN = "opinion_given"
    DUE_SOON = "due_soon"
    OVERDUE = "overdue"
    OVERDUE_BELOW = "overdue_below"
    NOT_ACCEPTED = "not_accepted"
    NOT_ACCEPTED_BELOW = "not_accepted_below"
    AWAITS_APPROVAL = "awaits_approval"
    WITHDRAWN = "withdrawn"
    RETURNED = "returned"
    RETURNED_TO_CLERKS = "returned_to_clerks"
    NOT_POSSIBLE = "not_possible"
    SECRECY_INCIDENT = "secrecy_incident"


@dataclass(frozen=True)
class Directory:
    """The people of an office by what they are there for: `role:clerk`, `head:NC` (`policy.py`'s tokens)."""

    people: Mapping[tuple[str, str], frozenset[str]] = field(default_factory=dict)

    def of(self, office: str, token: str) -> frozenset[str]:
        return self.people.get((office, token), frozenset())


@dataclass(frozen=True, slots=True)
class Heard:
    """What one event said of who has the document; units without a person stand for their heads.

    `conflicted` are people whom it concerns, `deciding` is who decides on a restricted one.
    """

    type: str
    epoch: int
    version: int
    status: str = AssignmentStatus.UNASSIGNED
    lead: str | None = None
    coordinators: tuple[str, ...] = ()
    conflicted: tuple[str, ...] = ()
    deciding: str | None = None
    restricted: bool = False
    superiors: tuple[str, ...] = ()

    @property
    def order(self) -> tuple[int, int]:
        return self.epoch, self.version

    @property
    def people(self) -> frozenset[str]:
        return frozenset({*self.coordinators, *([self.lead] if self.lead else [])})


def heard(event: AssignmentEvent | SecrecyIncidentRaised, directory: Directory) -> Heard:
    if isinstance(event, SecrecyIncidentRaised):
        return Heard(event.type, event.epoch, event.version)
    state = event.assignment
    lead = state.lead_person_id or _head(event.office, state.lead_unit_id, directory)
    named = [each.person_id or _head(event.office, each.unit_id, directory) for each in state.coordinators]
    coordinators = tuple(dict.fromkeys(person for person in named if person and person != lead))
    return Heard(
        event.type,
        event.epoch,
        event.version,
        state.status,
        lead,
        coordinators,
        state.conflicted_person_ids,
        state.deciding_person_id,
        state.document.restricted or state.document.sealed,
        () if state.document.restricted else state.escalated_to,
    )


def needs(event: AssignmentEvent | SecrecyIncidentRaised, *, restricted: bool = False) -> frozenset[str]:
    """Whom the directory has to know before everybody can be told; `restricted` by what else is known of it."""
    brief = event.assignment.document if isinstance(event, AssignmentEvent) else None
    own = brief is not None and (brief.restricted or brief.sealed)
    role = _role_told(event.type, restricted=restricted or own)
    roles = {role_token(role)} if role else set[str]()
    if not isinstance(event, DocumentAssigned | WorkHandedOn | CoordinatorsChanged | DocumentReopened):
        return frozenset(roles)
    return frozenset(roles | {head_token(unit) for unit in _units_without_person(event.assignment)})


def audience(now: Heard, before: Heard | None, office: str, directory: Directory) -> dict[str, Telling]:
    """Each person once, and nobody whom it concerns. `before` is what the nearest earlier event said, if any."""
    decide = _AUDIENCES.get(now.type)
    told = decide(now, before) if decide else {}
    if now.type in ROLE_TOLD:
        role = _role_told(now.type, restricted=now.restricted)
        asked = directory.of(office, role_token(role)) if role else frozenset[str]()
        told |= dict.fromkeys(asked | _deciding(now), _ROLE_TELLING[now.type])
    return {person: telling for person, telling in told.items() if person not in now.conflicted}


def _role_told(type: str, *, restricted: bool) -> Role | None:
    """Clerks may not know of a restricted document: its security officers look after it, with whoever decides.

    A proposal of one is for whoever decides alone.
    """
    role = ROLE_TOLD.get(type)
    if role is None or not restricted:
        return role
    return None if role is Role.LEADER else Role.SECURITY_OFFICER


def _deciding(now: Heard) -> frozenset[str]:
    return frozenset({now.deciding}) if now.restricted and now.deciding else frozenset()


def _assigned(now: Heard, before: Heard | None) -> dict[str, Telling]:
    """Everybody it names, by what is new to them, and the former lead who is not named any more."""
    had = before if before and before.status in HOLDING else None
    told: dict[str, Telling] = {}
    if had and had.lead and had.lead not in now.people:
        told[had.lead] = Telling.WENT_ELSEWHERE
    known = had.coordinators if had else ()
    told |= {each: Telling.CHANGED if each in known else Telling.CO_ORDINATE for each in now.coordinators}
    if now.lead:
        told[now.lead] = Telling.CHANGED if had and had.lead == now.lead else Telling.AWAITS_YOU
    return told


def _coordinators_changed(now: Heard, before: Heard | None) -> dict[str, Telling]:
    """Whom it names anew, and who is not named any more; to the others nothing is new."""
    had = before.coordinators if before and before.status in HOLDING else ()
    told = {each: Telling.WENT_ELSEWHERE for each in had if each not in now.people}
    return told | {each: Telling.CO_ORDINATE for each in now.coordinators if each not in had}


def _opinion_given(now: Heard, before: Heard | None) -> dict[str, Telling]:
    return {now.lead: Telling.OPINION_GIVEN} if now.lead else {}


def _recalled(now: Heard, before: Heard | None) -> dict[str, Telling]:
    """Whoever recalled it knows, and finds it on the clerk's list."""
    return dict.fromkeys(_had_it(now, before), Telling.WENT_ELSEWHERE)


def _reopened(now: Heard, before: Heard | None) -> dict[str, Telling]:
    told = dict.fromkeys(now.coordinators, Telling.CHANGED)
    return told | ({now.lead: Telling.AWAITS_YOU} if now.lead else {})


def _alarm(own: Telling, below: Telling | None) -> Callable[[Heard, Heard | None], dict[str, Telling]]:
    """To whoever leads, and to the superiors whose business it has become."""

    def told(now: Heard, before: Heard | None) -> dict[str, Telling]:
        superiors = dict.fromkeys(now.superiors, below) if below else {}
        return superiors | ({now.lead: own} if now.lead else {})

    return told


def _withdrawn(now: Heard, before: Heard | None) -> dict[str, Telling]:
    return dict.fromkeys(_had_it(now, before), Telling.WITHDRAWN)


def _returned(now: Heard, before: Heard | None) -> dict[str, Telling]:
    return dict.fromkeys(_had_it(now, before), Telling.RETURNED)


def _had_it(now: Heard, before: Heard | None) -> Iterable[str]:
    if before is None:
        return now.people
    return before.people if before.status in HAD_IT else ()


_AUDIENCES: dict[str, Callable[[Heard, Heard | None], dict[str, Telling]]] = {
    DocumentAssigned.type: _assigned,
    WorkHandedOn.type: _assigned,
    CoordinatorsChanged.type: _coordinators_changed,
    OpinionGiven.type: _opinion_given,
    AssignmentRecalled.type: _recalled,
    DocumentReopened.type: _reopened,
    DeadlineNear.type: _alarm(Telling.DUE_SOON, None),
    DeadlinePassed.type: _alarm(Telling.OVERDUE, Telling.OVERDUE_BELOW),
    AcceptanceMissed.type: _alarm(Telling.NOT_ACCEPTED, Telling.NOT_ACCEPTED_BELOW),
    AssignmentWithdrawn.type: _withdrawn,
    AssignmentReturned.type: _returned,
}
ROLE_TOLD: dict[str, Role] = {
    AssignmentProposed.type: Role.LEADER,
    AssignmentReturned.type: Role.CLERK,
    AssignmentNotPossible.type: Role.CLERK,
    SecrecyIncidentRaised.type: Role.SECURITY_OFFICER,
}
_ROLE_TELLING = {
    AssignmentProposed.type: Telling.AWAITS_APPROVAL,
    AssignmentReturned.type: Telling.RETURNED_TO_CLERKS,
    AssignmentNotPossible.type: Telling.NOT_POSSIBLE,
    SecrecyIncidentRaised.type: Telling.SECRECY_INCIDENT,
}


def role_token(role: str) -> str:
    return f"role:{role}"


def head_token(unit_id: str) -> str:
    return f"head:{unit_id}"


def _head(office: str, unit_id: str | None, directory: Directory) -> str | None:
    heads = directory.of(office, head_token(unit_id)) if unit_id else frozenset[str]()
    return min(heads, default=None)


def _units_without_person(state: AssignmentState) -> set[str]:
    units = {each.unit_id for each in state.coordinators if each.person_id is None}
    if state.lead_unit_id and state.lead_person_id is None:
        units.add(state.lead_unit_id)
    return units
