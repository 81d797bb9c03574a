"""Who is told what of which event: pure, and the same for whoever asks again."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from services.events import (
    AssignmentEvent,
    AssignmentNotPossible,
    AssignmentReturned,
    AssignmentState,
    AssignmentStatus,
    AssignmentWithdrawn,
    DocumentAssigned,
    SecrecyIncidentRaised,
)
from services.policy import Role

HOLDING = frozenset({AssignmentStatus.ASSIGNED, AssignmentStatus.ACCEPTED})
HAD_IT = HOLDING | {AssignmentStatus.COMPLETED}


class Telling(StrEnum):
    """What a notice says to its person."""

    AWAITS_YOU = "awaits_you"
    CO_ORDINATE = "co_ordinate"
    CHANGED = "changed"
    WENT_ELSEWHERE = "went_elsewhere"
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
    )


def needs(event: AssignmentEvent | SecrecyIncidentRaised, *, restricted: bool = False) -> frozenset[str]:
    """Whom the directory has to know before everybody can be told; `restricted` by what else is known of it."""
    brief = event.assignment.document if isinstance(event, AssignmentEvent) else None
    own = brief is not None and (brief.restricted or brief.sealed)
    role = _role_told(event.type, restricted=restricted or own)
    roles = {role_token(role)} if role else set[str]()
    if not isinstance(event, DocumentAssigned):
        return frozenset(roles)
    return frozenset(roles | {head_token(unit) for unit in _units_without_person(event.assignment)})


def audience(now: Heard, before: Heard | None, office: str, directory: Directory) -> dict[str, Telling]:
    """Each person once, and nobody whom it concerns. `before` is what the nearest earlier event said, if any."""
    decide = _AUDIENCES.get(now.type)
    told = decide(now, before) if decide else {}
    role = _role_told(now.type, restricted=now.restricted)
    if role:
        asked = directory.of(office, role_token(role)) | ({now.deciding} if now.restricted and now.deciding else set())
        told |= dict.fromkeys(asked, _ROLE_TELLING[now.type])
    return {person: telling for person, telling in told.items() if person not in now.conflicted}


def _role_told(type: str, *, restricted: bool) -> Role | None:
    """Clerks may not know of a restricted document: its security officers look after it, with whoever decides."""
    role = ROLE_TOLD.get(type)
    return Role.SECURITY_OFFICER if role and restricted else role


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
    AssignmentWithdrawn.type: _withdrawn,
    AssignmentReturned.type: _returned,
}
ROLE_TOLD: dict[str, Role] = {
    AssignmentReturned.type: Role.CLERK,
    AssignmentNotPossible.type: Role.CLERK,
    SecrecyIncidentRaised.type: Role.SECURITY_OFFICER,
}
_ROLE_TELLING = {
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
