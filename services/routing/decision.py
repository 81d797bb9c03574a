"""Who gets a document: matched rule, people and loads in; lead, co-ordinators and the reason out. Pure.

Among the lead unit's specialists who are here and have no conflict, the one with the least open work leads;
ties go to whoever has had the least in all, then by person id. Where nobody is left the unit's head leads,
and where that is not possible either, the document waits on the clerk's list.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Final, NamedTuple

from pydantic import Field, PlainValidator

from services.events import Coordinator, PersonState
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


class Candidate(NamedTuple):
    """Somebody who was looked at; the least burdened sort first. `lost` is None for the one who was chosen."""

    open: int
    total: int
    person_id: str
    present: bool
    conflicted: bool
    lost: str | None = None


_Standing = tuple[int, int, str, bool, bool]  # a candidate's first five fields
_OPEN, _TOTAL, _PRESENT, _CONFLICTED = 0, 1, 3, 4
_PERSON_ID: Final = 2  # the type of a field is known only by a constant


class Nobody(StrEnum):
    """Why a document waits on the clerk's list."""

    NO_OFFICE = "the office has no people and rules yet"
    NO_RULE = "no row of the rule table matches"
    NO_UNIT = "the rule names a unit that is not there"
    NO_PERSON = "nobody in the unit is here and without conflict"


@dataclass(frozen=True, slots=True)
class Grounds:
    """What a decision rests on, but for the people who were looked at."""

    decided_by: str = "rules"
    rules_version: int | None = None
    row_id: str | None = None
    row_index: int | None = None
    row_name: str | None = None
    nobody: Nobody | None = None
    due: Due | None = None


def _as_candidates(kept: Iterable[Any]) -> tuple[Candidate, ...]:
    return tuple([each if isinstance(each, Candidate) else Candidate(*each) for each in kept])


Candidates = Annotated[tuple[Candidate, ...], PlainValidator(_as_candidates), Field(exclude=True)]


@dataclass(frozen=True, slots=True)
class Reason(Grounds):
    """Kept with the assignment, so that everybody it came to can see why.

    A dump leaves the candidates out: there are many, and whoever stores them does so as plain lists.
    """

    candidates: Candidates = ()


class Decision(NamedTuple):
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
    standings = [_standing(each, facts, loads, today) for each in view.workers(unit_id)]
    head = view.last_resort(unit_id)
    last_resort = [_standing(head, facts, loads, today)] if head else []
    best = _least_burdened(standings) or _least_burdened(last_resort)
    candidates = [Candidate(*each, _lost(each, best)) for each in standings]
    candidates += [Candidate(*each, _lost(each, best, is_last_resort=True)) for each in last_resort]
    return _person_id(best), tuple(candidates)


def choose_coordinator(unit_id: str, facts: Facts, view: OfficeView, loads: LoadBook, today: date) -> Coordinator:
    """The unit's head; a head who is away or concerned is stood in for by the least loaded."""
    head = view.head(unit_id)
    chosen = _least_burdened([_standing(head, facts, loads, today)]) if head else None
    chosen = chosen or _least_burdened([_standing(each, facts, loads, today) for each in view.by_unit.get(unit_id, ())])
    return Coordinator(unit_id=unit_id, person_id=_person_id(chosen))


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


def _standing(person: PersonState, facts: Facts, loads: LoadBook, today: date) -> _Standing:
    person_id = person.person_id
    open, total = loads.of(person_id)
    present = not person.absences or not absent(person, today)
    return open, total, person_id, present, person_id in facts.conflicted_person_ids


def _least_burdened(standings: Iterable[_Standing]) -> _Standing | None:
    """Of those who are here and whom the document does not concern."""
    return min([each for each in standings if each[_PRESENT] and not each[_CONFLICTED]], default=None)


def _lost(standing: _Standing, best: _Standing | None, *, is_last_resort: bool = False) -> Lost | None:
    if standing is best:
        return None
    if standing[_CONFLICTED]:
        return Lost.CONFLICT
    if not standing[_PRESENT]:
        return Lost.ABSENT
    assert best is not None  # somebody who is free loses only to somebody
    if is_last_resort:
        return Lost.HEAD_IS_LAST_RESORT
    if standing[_OPEN] != best[_OPEN]:
        return Lost.MORE_OPEN
    return Lost.MORE_IN_ALL if standing[_TOTAL] != best[_TOTAL] else Lost.LATER_ID


def _person_id(standing: _Standing | None) -> str | None:
    return standing[_PERSON_ID] if standing else None
