"""An office as it is on one day. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from services.events import CalendarState, CatalogueEntry, Competence, PersonState, Shift, UnitState
from services.routing.deadline import DeadlineRule
from services.routing.office.dated import by_id, nearest, on
from services.routing.office.file import Deadline, DocumentKind, Named, OfficeFile, Person, Unit
from services.routing.office.resolving import current
from services.routing.roster import Matter
from services.worktime import Limit

MATTERS = "matters"


@dataclass(frozen=True, slots=True)
class OfficeOnDay:
    """Who has ended or not begun yet is there too, inactive or disabled; of everything else what holds on the day."""

    day: date = field(compare=False)
    units: Mapping[str, UnitState]
    people: Mapping[str, PersonState]
    calendar: CalendarState
    catalogues: Mapping[str, tuple[CatalogueEntry, ...]]
    matters: Mapping[str, Matter]
    deadlines: Mapping[str, DeadlineRule]


def as_of(file: OfficeFile, day: date) -> OfficeOnDay:
    return OfficeOnDay(
        day=day,
        units={id: _unit(file, rows, day) for id, rows in by_id(file.units).items()},
        people={id: _person(file, rows, day) for id, rows in by_id(file.people).items()},
        calendar=_calendar(file, day),
        catalogues=_catalogues(file, day),
        matters=matters_on(file, day),
        deadlines=deadlines_on(file, day),
    )


def matters_on(file: OfficeFile, day: date) -> dict[str, Matter]:
    listed = {each.code: Matter(each.code, each.name) for each in file.catalogues.get(MATTERS, ())}
    return listed | {each.id: Matter(each.id, each.name, each.deadline) for each in on(file.matters, day)}


def deadlines_on(file: OfficeFile, day: date) -> dict[str, DeadlineRule]:
    return {each.id: _deadline(each) for each in on(file.deadlines, day)}


def _unit(file: OfficeFile, rows: list[Unit], day: date) -> UnitState:
    row = nearest(rows, day)
    active = row.is_valid_on(day)
    leader = next((each.leader for each in on(file.portfolios, day) if each.unit == row.id), None)
    return UnitState(
        unit_id=row.id,
        name=row.name,
        symbol=row.symbol,
        head_person_id=row.head,
        parent_unit_id=row.parent,
        leader_person_id=leader,
        successor_unit_id=None if active else _successor(file, row, day),
        active=active,
    )


def _successor(file: OfficeFile, row: Unit, day: date) -> str | None:
    """Who does the work on the day; where that has ended without one, who was named."""
    if row.last_day >= day:
        return None
    now = current(file.units, row.id, day)
    return now.id if now else row.successor


def _person(file: OfficeFile, rows: list[Person], day: date) -> PersonState:
    row = nearest(rows, day)
    competences = (each for one in rows for each in on(one.competences, day))
    position = next((each.name for each in on(file.positions, day) if each.id == row.position), None)
    return PersonState(
        person_id=row.id,
        name=row.name,
        unit_id=row.unit,
        position=position,
        roles=tuple(sorted(set(row.roles))),
        absences=tuple(each for one in rows for each in one.absences),
        competences=tuple(Competence(matter=each.matter, level=each.level) for each in competences),
        delegations=tuple(each for one in rows for each in one.delegations),
        disabled=row.disabled or not row.is_valid_on(day),
    )


def _calendar(file: OfficeFile, day: date) -> CalendarState:
    said = file.calendar
    shifts = [Shift(begins=each.begins, ends=each.ends) for each in on(said.shifts, day)]
    return CalendarState(
        days_off=tuple(sorted(set(said.days_off))),
        working_days=tuple(sorted(set(said.working_days))),
        half_days=tuple(sorted(said.half_days, key=lambda each: (each.day, each.worked))),
        shifts=tuple(sorted(shifts, key=lambda each: each.begins)),
    )


def _catalogues(file: OfficeFile, day: date) -> dict[str, tuple[CatalogueEntry, ...]]:
    own: dict[str, Sequence[Named | DocumentKind]] = {"books": file.books, "kinds": file.kinds, MATTERS: file.matters}
    said = {
        name: tuple(CatalogueEntry(code=each.id, name=each.name) for each in on(rows, day))
        for name, rows in own.items()
        if rows
    }
    issuers = on(file.issuers, day)
    entries = tuple(CatalogueEntry(code=each.id, name=each.name, level=each.level) for each in issuers)
    return {**file.catalogues, **said, **({"issuers": entries} if file.issuers else {})}


def _deadline(row: Deadline) -> DeadlineRule:
    return DeadlineRule(
        id=row.id,
        name=row.name,
        limit=Limit(row.amount, row.unit),
        legal_ref=row.legal_ref,
        start_event=row.start_event,
        most_moves=row.most_extensions if row.extendable else 0,
        suspendable=row.suspendable,
        written_wins=row.written_wins,
        valid_from=row.first_day,
        valid_to=row.last_day,
    )
