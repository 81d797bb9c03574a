"""Who may see and do what: one answer for API, page, file, search, live stream and report.

Need to know, as sets of *reader tokens*: a document has tokens, a viewer has tokens, and a viewer may
read a document of their own office when one token is in both. Tokens are plain strings, so that a store
can keep them beside a row and an index can answer "everything this person may see".
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple


class Role(StrEnum):
    CLERK = "clerk"
    LEADER = "leader"
    AUDITOR = "auditor"
    SPECIALIST = "specialist"
    SECURITY_OFFICER = "security_officer"
    ADMINISTRATOR = "administrator"
    ENTER_LATER = "enter_later"


class Action(StrEnum):
    VOID_DOCUMENT = "void a document"
    CORRECT_DOCUMENT = "correct a document"
    SEAL_DOCUMENT = "seal a document"
    JUDGE_SEAL = "confirm or lift a seal"
    ENTER_PERIOD_COUNTS = "enter period counts"
    REASSIGN = "reassign a document"
    ENTER_LATER = "enter work after the day it was done"
    READ_REPORTS = "read reports"
    MANAGE_WEBHOOKS = "manage webhooks"


@dataclass(frozen=True)
class Viewer:
    """A signed-in person. `headed_unit_ids` are the units whose head they are."""

    office: str
    person_id: str
    roles: frozenset[str] = frozenset()
    headed_unit_ids: frozenset[str] = frozenset()


class Access(NamedTuple):
    """What decides who may read a document. A sealed one only shows its security officers that there is one."""

    restricted: bool = False
    sealed: bool = False
    lead_unit_id: str | None = None
    lead_person_id: str | None = None
    coordinators: tuple[tuple[str, str | None], ...] = ()
    deciding_person_id: str | None = None
    conflicted_person_ids: frozenset[str] = frozenset()


_ALLOWED: dict[Action, frozenset[str]] = {
    Action.VOID_DOCUMENT: frozenset({Role.CLERK}),
    Action.CORRECT_DOCUMENT: frozenset({Role.CLERK}),
    Action.SEAL_DOCUMENT: frozenset({Role.CLERK, Role.LEADER, Role.SECURITY_OFFICER}),
    Action.JUDGE_SEAL: frozenset({Role.SECURITY_OFFICER}),
    Action.ENTER_PERIOD_COUNTS: frozenset({Role.CLERK}),
    Action.REASSIGN: frozenset({Role.CLERK, Role.LEADER}),
    Action.ENTER_LATER: frozenset({Role.ENTER_LATER}),
    Action.READ_REPORTS: frozenset({Role.CLERK, Role.LEADER, Role.AUDITOR}),
    Action.MANAGE_WEBHOOKS: frozenset({Role.ADMINISTRATOR}),
}


def may_do(viewer: Viewer, action: Action) -> bool:
    return not viewer.roles.isdisjoint(_ALLOWED[action])


@lru_cache(maxsize=2_000)  # an office has few ways to share work
def reader_tokens(access: Access) -> frozenset[str]:
    """Who may read the document. A person it concerns is never among its readers by name or by unit."""
    if access.sealed:
        return _OF_SEALED
    people = _person_tokens(access)
    return people | _OF_RESTRICTED if access.restricted else people | _OF_ORDINARY | _unit_tokens(access)


def viewer_tokens(viewer: Viewer) -> frozenset[str]:
    roles = {_role(role) for role in viewer.roles}
    return frozenset({_person(viewer.person_id)} | roles | set(map(_head, viewer.headed_unit_ids)))


def may_read(viewer: Viewer, office: str, readers: Iterable[str], conflicted: Iterable[str] = ()) -> bool:
    """Whether the viewer may know that the document exists. Not allowed must read as not found."""
    if viewer.office != office or viewer.person_id in set(conflicted):
        return False
    return not viewer_tokens(viewer).isdisjoint(readers)


def _roles(*roles: Role) -> frozenset[str]:
    return frozenset(_role(each) for each in roles)


def _person_tokens(access: Access) -> frozenset[str]:
    named = {access.lead_person_id, access.deciding_person_id, *(person for _, person in access.coordinators)}
    return frozenset(_person(person) for person in named if person and person not in access.conflicted_person_ids)


def _unit_tokens(access: Access) -> frozenset[str]:
    units = {access.lead_unit_id, *(unit for unit, _ in access.coordinators)}
    return frozenset(_head(unit) for unit in units if unit)


def _role(role: str) -> str:
    return f"role:{role}"


def _person(person_id: str) -> str:
    return f"person:{person_id}"


def _head(unit_id: str) -> str:
    return f"head:{unit_id}"


_OF_SEALED = _roles(Role.SECURITY_OFFICER)
_OF_RESTRICTED = _roles(Role.SECURITY_OFFICER)
_OF_ORDINARY = _roles(Role.CLERK, Role.LEADER, Role.AUDITOR)
