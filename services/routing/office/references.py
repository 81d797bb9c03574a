"""Whether whom and what an office's rows name is there. Pure."""

import json
from collections.abc import Container, Iterable, Iterator
from datetime import date

from services.policy import Role
from services.routing.faults import Fault, escaped
from services.routing.office.dated import first_gap
from services.routing.office.file import Deputy, OfficeFile, Person
from services.routing.office.on_day import MATTERS
from services.routing.office.rule_rows import columns_of, place_in, table_in

NOTHING = frozenset[str]()


def faults_of_references(file: OfficeFile, unread: frozenset[str] = NOTHING) -> Iterator[Fault]:
    """`unread` may be named as well: ids of rows that could not be read, and are told elsewhere."""
    units, people, positions, deadlines = (
        {each.id for each in rows} | unread for rows in (file.units, file.people, file.positions, file.deadlines)
    )
    matters = _matters(file) | unread
    for index, unit in enumerate(file.units):
        yield from _missing(f"/units/{index}/head", unit.head, people, "person")
        yield from _missing(f"/units/{index}/parent", unit.parent, units, "unit")
    for index, person in enumerate(file.people):
        here = f"/people/{index}"
        yield from _missing(f"{here}/position", person.position, positions, "position")
        yield from _of_unit(here, person, file, unread)
        for number, competence in enumerate(person.competences):
            yield from _missing(f"{here}/competences/{number}/matter", competence.matter, matters, "matter")
        yield from _of_absences(here, person)
        for number, deputy in enumerate(person.delegations):
            yield from _of_deputy(f"{here}/delegations/{number}", person.id, deputy, people, units, matters)
    for index, portfolio in enumerate(file.portfolios):
        yield from _missing(f"/portfolios/{index}/unit", portfolio.unit, units, "unit")
        yield from _missing(f"/portfolios/{index}/leader", portfolio.leader, people, "person")
    for index, matter in enumerate(file.matters):
        yield from _missing(f"/matters/{index}/deadline", matter.deadline, deadlines, "deadline")
    if not unread and not any(Role.CLERK in each.roles and not each.disabled for each in file.people):
        yield Fault("/people", "nobody is a clerk: what cannot be assigned would wait for nobody")


def faults_of_rules(file: OfficeFile, unread: frozenset[str] = NOTHING) -> Iterator[Fault]:
    """Of a table that is sound in itself: a matter that nobody knows would silently have no deadline."""
    table, place, matters = table_in(file.rules), place_in(file.rules), _matters(file) | unread
    column = columns_of(table).get("matter")
    for index, row in enumerate(table["rules"] if column else ()):
        if cell := str(row.get(column) or "").strip().removeprefix("-"):
            yield from _missing(f"{place}/rules/{index}/{escaped(str(column))}", json.loads(cell), matters, "matter")


def _matters(file: OfficeFile) -> set[str]:
    return {each.id for each in file.matters} | {each.code for each in file.catalogues.get(MATTERS, ())}


def _missing(place: str, id: str | None, known: Container[str], what: str) -> Iterator[Fault]:
    if id is not None and id not in known:
        yield Fault(place, f"there is no {what} {id}")


def _of_unit(here: str, person: Person, file: OfficeFile, unread: frozenset[str]) -> Iterator[Fault]:
    if person.unit in unread:
        return
    own = [each for each in file.units if each.id == person.unit]
    if not own:
        yield Fault(f"{here}/unit", f"there is no unit {person.unit}")
        return
    gap = first_gap(own, person.first_day, person.last_day)
    if gap is not None:
        since = "before it begins" if gap == date.min else f"on {gap.isoformat()}"
        yield Fault(
            f"{here}/unit",
            f"there is no unit {person.unit} {since}: end this row before, and give the person a row in another unit",
        )


def _of_absences(here: str, person: Person) -> Iterator[Fault]:
    for number, absence in enumerate(person.absences):
        if absence.last_day < absence.first_day:
            yield Fault(f"{here}/absences/{number}", "it ends before it begins")


def _of_deputy(
    here: str, own: str, deputy: Deputy, people: Container[str], units: Container[str], matters: Container[str]
) -> Iterator[Fault]:
    yield from _missing(f"{here}/to_person_id", deputy.to_person_id, people, "person")
    if deputy.to_person_id == own:
        yield Fault(f"{here}/to_person_id", "nobody acts for themselves")
    if deputy.last_day < deputy.first_day:
        yield Fault(f"{here}/last_day", "it ends before it begins")
    yield from _each(f"{here}/matters", deputy.matters, matters, "matter")
    yield from _each(f"{here}/unit_ids", deputy.unit_ids, units, "unit")


def _each(place: str, ids: Iterable[str], known: Container[str], what: str) -> Iterator[Fault]:
    for number, id in enumerate(ids):
        yield from _missing(f"{place}/{number}", id, known, what)
