"""What people change about the unit that rules have chosen: kept as pairs, to learn from. Pure.

Only what a rule could ask for without reading words is kept, and nothing of a restricted document.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from services.events import AssignmentStatus, PersonState, State
from services.routing.assignment import Kept
from services.routing.facts import Facts
from services.routing.states import Act
from services.routing.suggestions import TRAITS, Decided

CORRECTING = frozenset({Act.APPROVE, Act.REASSIGN})


class Correction(State):
    """Rules of this version and row chose `from_unit`, a person gave it to `to_unit`."""

    office: str
    document_id: str
    version: int
    facts: dict[str, str]
    from_unit: str
    to_unit: str
    at: datetime
    by: str
    rules_version: int | None = None
    row_id: str


def traits_of(facts: Facts) -> dict[str, str]:
    """By name, what is known; nothing of a restricted document."""
    if facts.restricted:
        return {}
    values = {name: str(getattr(facts, name) or "") for name in TRAITS}
    return {name: value for name, value in values.items() if value}


def correction_of(
    before: Kept, after: Kept, act: Act, people: Mapping[str, PersonState], by: str, at: datetime
) -> Correction | None:
    """None where rules had not decided, or the unit stays, or the document is restricted."""
    row_id, to_unit = before.reason.row_id, after.state.lead_unit_id
    from_unit = _chosen_unit(before, people)
    if act not in CORRECTING or row_id is None or from_unit in {None, to_unit} or to_unit is None:
        return None
    if before.facts.restricted or after.facts.restricted or from_unit is None:
        return None
    return Correction(
        office=before.office, document_id=before.document_id, version=after.version, facts=traits_of(after.facts),
        from_unit=from_unit, to_unit=to_unit, at=at, by=by, rules_version=before.reason.rules_version, row_id=row_id,
    )  # fmt: skip


def _chosen_unit(before: Kept, people: Mapping[str, PersonState]) -> str | None:
    """Also of what was given back: then that of whoever had it last."""
    state = before.state
    if chosen := state.proposal.lead_unit_id if state.proposal else state.lead_unit_id:
        return chosen
    had_it = [each.lead_person_id for each in before.history if each.lead_person_id]
    last = people.get(had_it[-1]) if had_it else None
    return last.unit_id if last else None


def must_be_forgotten(kept: Kept) -> bool:
    """Of a sealed, restricted or withdrawn document no correction stays."""
    document = kept.state.document
    return document.sealed or document.restricted or kept.state.status == AssignmentStatus.WITHDRAWN


def decided_of(corrections: Iterable[Correction], rows: Iterable[Mapping[str, Any]]) -> Iterator[Decided]:
    """Each document once: the newest correction of those that were moved, and what stayed where rules sent it."""
    newest = {each.document_id: each for each in sorted(corrections, key=lambda each: each.version)}
    for each in newest.values():
        yield Decided(each.facts, each.from_unit, each.to_unit, each.row_id)
    for row in rows:
        if row["_id"] not in newest and not row["facts"].get("restricted"):
            facts = {name: row["facts"][name] for name in TRAITS if row["facts"].get(name)}
            yield Decided(facts, row["unit"], row["unit"], row["row_id"])
