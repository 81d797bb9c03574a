"""Who is in which unit, who is here today, and how much each has to do: what a decision looks at. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from services.events import DocumentState, IssuerLevel, Kind, PersonState, UnitState, Urgency
from services.policy import Role
from services.worktime import Calendar


@dataclass(frozen=True, slots=True)
class Facts:
    """What rules may know of a document. Restricted: no subject, the rules decide by the rest.

    `symbol_suffix` is what follows the symbol's last hyphen; it often names the room that answers.
    """

    kind: Kind
    arrived_on: date
    issuer_level: IssuerLevel | None = None
    symbol_suffix: str = ""
    subject: str = ""
    urgency: Urgency = Urgency.NORMAL
    due_on: date | None = None
    restricted: bool = False
    conflicted_person_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Matched:
    """A row of the rule table. `working_days` is None where the row leaves it to the office."""

    row_id: str
    row_index: int
    row_name: str
    lead_unit: str
    coordinating_units: tuple[str, ...] = ()
    working_days: int | None = None


Match = Callable[[Facts], Matched | None]


@dataclass(frozen=True)
class OfficeView:
    """An office at one version of its people and rules."""

    office: str
    version: int
    rules_version: int
    units: Mapping[str, UnitState]
    people: Mapping[str, PersonState]
    calendar: Calendar
    default_working_days: int
    match: Match = field(compare=False)

    @cached_property
    def by_unit(self) -> Mapping[str, tuple[PersonState, ...]]:
        units: dict[str, list[PersonState]] = {}
        for person in sorted(self.people.values(), key=lambda each: each.person_id):
            if not person.disabled:
                units.setdefault(person.unit_id, []).append(person)
        return {unit: tuple(people) for unit, people in units.items()}

    @cached_property
    def leaders(self) -> tuple[str, ...]:
        people = (each for each in self.people.values() if Role.LEADER in each.roles and not each.disabled)
        return tuple(sorted(each.person_id for each in people))

    @cached_property
    def _workers(self) -> Mapping[str, tuple[PersonState, ...]]:
        specialist = Role.SPECIALIST
        return {
            unit: tuple(each for each in people if specialist in each.roles) or people
            for unit, people in self.by_unit.items()
        }

    def workers(self, unit_id: str) -> tuple[PersonState, ...]:
        """The unit's specialists; where it has none, whoever is in it. In the order of their ids."""
        return self._workers.get(unit_id, ())

    def head(self, unit_id: str) -> PersonState | None:
        unit = self.units.get(unit_id)
        person = self.people.get(unit.head_person_id) if unit and unit.head_person_id else None
        return None if person is None or person.disabled else person

    @cached_property
    def _last_resorts(self) -> Mapping[str, PersonState]:
        heads = {unit: head for unit in self.units if (head := self.head(unit)) is not None}
        return {unit: head for unit, head in heads.items() if all(head is not each for each in self.workers(unit))}

    def last_resort(self, unit_id: str) -> PersonState | None:
        """The unit's head, where that is none of its workers anyway."""
        return self._last_resorts.get(unit_id)

    def has_unit(self, unit_id: str) -> bool:
        unit = self.units.get(unit_id)
        return unit is not None and unit.active


def absent(person: PersonState, day: date) -> bool:
    return bool(person.absences) and any(each.first_day <= day <= each.last_day for each in person.absences)


def facts_of(document: DocumentState) -> Facts:
    return Facts(
        kind=document.kind,
        issuer_level=document.issuer_level,
        symbol_suffix=symbol_suffix(document.symbol),
        subject="" if document.restricted else (document.subject or "").lower(),
        urgency=document.urgency,
        arrived_on=document.arrived_on,
        due_on=document.due_on,
        restricted=document.restricted,
        conflicted_person_ids=document.conflicted_person_ids,
    )


def symbol_suffix(symbol: str | None) -> str:
    """`123/UBND-NC` → `NC`; nothing where the symbol has no hyphen."""
    _, hyphen, last = (symbol or "").rpartition("-")
    return last.strip().upper() if hyphen else ""
