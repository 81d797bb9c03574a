"""Who gets a document: matched rule, people and loads in; lead, co-ordinators and the reason out. Pure.

Among the lead unit's specialists who are here and have no conflict, the one with the least open work leads;
ties go to whoever has had the least in all, then by person id. Where nobody is left the unit's head leads,
and where that is not possible either, the document waits on the clerk's list.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from services.events import Coordinator, PersonState, State
from services.routing.deadline import Due, due
from services.routing.roster import Facts, Matched, OfficeView, absent
from services.routing.workload import LoadBook


class Lost(StrEnum):
    """Why somebody did not become the lead."""

    CONFLICT = "conflict"
    ABSENT = "absent"
    MORE_OPEN = "more open work"
    MORE_IN_ALL = "equally open, more in all"
    LATER_ID = "equal, later id"
    HEAD_IS_LAST_RESORT = "head leads only when nobody else can"


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who was looked at. `lost` is None for the one who was chosen."""

    person_id: str
    present: bool
    conflicted: bool
    open: int
    total: int
    lost: Lost | None = None


class Nobody(StrEnum):
    """Why a document waits on the clerk's list."""

    NO_OFFICE = "the office has no people and rules yet"
    NO_RULE = "no row of the rule table matches"
    NO_UNIT = "the rule names a unit that is not there"
    NO_PERSON = "nobody in the unit is here and without conflict"


class Reason(State):
    """Kept with the assignment, so that everybody it came to can see why."""

    decided_by: str = "rules"
    rules_version: int | None = None
    row_id: str | None = None
    row_index: int | None = None
    row_name: str | None = None
    candidates: tuple[Candidate, ...] = ()
    nobody: Nobody | None = None
    due: Due | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """`lead_person_id` is None where nobody could be found; then `reason.nobody` says why."""

    lead_unit_id: str | None
    lead_person_id: str | None
    coordinators: tuple[Coordinator, ...]
    deciding_person_id: str | None
    due_on: date | None
    reason: Reason


def decide(facts: Facts, matched: Matched | None, view: OfficeView, loads: LoadBook, today: date) -> Decision:
    limit = due(facts, matched.working_days if matched else None, view.default_working_days, view.calendar)
    chosen, candidates, nobody = _lead(facts, matched, view, loads, today)
    coordinators = _coordinators(facts, matched, view, loads, today) if matched and chosen else ()
    reason = Reason(
        rules_version=view.rules_version,
        row_id=matched.row_id if matched else None,
        row_index=matched.row_index if matched else None,
        row_name=matched.row_name if matched else None,
        candidates=candidates,
        nobody=nobody,
        due=limit,
    )
    unit_id = matched.lead_unit if matched and chosen else None
    return Decision(unit_id, chosen, coordinators, deciding_person(facts, view), limit.due_on, reason)


def without_office(facts: Facts) -> Decision:
    return Decision(None, None, (), None, facts.due_on, Reason(nobody=Nobody.NO_OFFICE))


def choose_lead(
    unit_id: str, facts: Facts, view: OfficeView, loads: LoadBook, today: date
) -> tuple[str | None, tuple[Candidate, ...]]:
    """The unit's lead for this document, and everybody who was looked at."""
    people = view.workers(unit_id)
    seen = [_seen(each, facts, loads, today) for each in people]
    best = min((each for each in seen if each.available), default=None)
    head = view.head(unit_id)
    last_resort = None
    if head is not None and all(head is not each for each in people):
        last_resort = _seen(head, facts, loads, today)
        best = best or (last_resort if last_resort.available else None)
        seen.append(last_resort)
    judged = tuple(_candidate(each, _lost(each, best, is_last_resort=each is last_resort)) for each in seen)
    return (best.person_id if best else None), judged


def choose_coordinator(unit_id: str, facts: Facts, view: OfficeView, loads: LoadBook, today: date) -> Coordinator:
    """The unit's head; a head who is away or concerned is stood in for by the least loaded."""
    head = view.head(unit_id)
    if head is not None and _seen(head, facts, loads, today).available:
        return Coordinator(unit_id=unit_id, person_id=head.person_id)
    people = (_seen(each, facts, loads, today) for each in view.by_unit.get(unit_id, ()))
    stand_in = min((each for each in people if each.available), default=None)
    return Coordinator(unit_id=unit_id, person_id=stand_in.person_id if stand_in else None)


def deciding_person(facts: Facts, view: OfficeView) -> str | None:
    """A restricted document is decided on by the office's first leader whom it does not concern."""
    if not facts.restricted:
        return None
    return next((each for each in view.leaders if each not in facts.conflicted_person_ids), None)


def _lead(
    facts: Facts, matched: Matched | None, view: OfficeView, loads: LoadBook, today: date
) -> tuple[str | None, tuple[Candidate, ...], Nobody | None]:
    if matched is None:
        return None, (), Nobody.NO_RULE
    if not view.has_unit(matched.lead_unit):
        return None, (), Nobody.NO_UNIT
    chosen, candidates = choose_lead(matched.lead_unit, facts, view, loads, today)
    return chosen, candidates, None if chosen else Nobody.NO_PERSON


def _coordinators(
    facts: Facts, matched: Matched, view: OfficeView, loads: LoadBook, today: date
) -> tuple[Coordinator, ...]:
    units = dict.fromkeys(each for each in matched.coordinating_units if each != matched.lead_unit)
    return tuple(choose_coordinator(unit, facts, view, loads, today) for unit in units if view.has_unit(unit))


class _Seen(NamedTuple):
    """Sorts by burden: open work, then all work, then id."""

    open: int
    total: int
    person_id: str
    present: bool
    conflicted: bool

    @property
    def available(self) -> bool:
        return self.present and not self.conflicted


def _seen(person: PersonState, facts: Facts, loads: LoadBook, today: date) -> _Seen:
    person_id = person.person_id
    open, total = loads.of(person_id)
    return _Seen(open, total, person_id, not absent(person, today), person_id in facts.conflicted_person_ids)


def _candidate(seen: _Seen, lost: Lost | None) -> Candidate:
    return Candidate(seen.person_id, seen.present, seen.conflicted, seen.open, seen.total, lost)


def _lost(seen: _Seen, best: _Seen | None, *, is_last_resort: bool) -> Lost | None:
    if seen is best:
        return None
    if seen.conflicted:
        return Lost.CONFLICT
    if not seen.present:
        return Lost.ABSENT
    assert best is not None  # somebody who is available loses only to somebody
    if is_last_resort:
        return Lost.HEAD_IS_LAST_RESORT
    if seen.open != best.open:
        return Lost.MORE_OPEN
    return Lost.MORE_IN_ALL if seen.total != best.total else Lost.LATER_ID
