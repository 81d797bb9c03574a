"""The office's file: what stands in it, whether it can be true, and what it would change. Pure.

One JSON document holds units, people, calendar, catalogues and rules. What the file does not name any more is
not deleted: a unit becomes inactive and a person disabled, because old documents still point to them.
"""

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from services.events import Absence, CalendarState, CatalogueEntry, PersonState, UnitState
from services.policy import Role
from services.routing.faults import Fault, OfficeFaulty, escaped

UNIT, PERSON, CALENDAR, CATALOGUE, RULES, OFFICE = "unit", "person", "calendar", "catalogue", "rules", "office"
Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]
State = dict[str, Any]
CheckRules = Callable[[Any, Collection[str]], list[Fault]]


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Unit(Part):
    id: Id
    name: Text
    symbol: Text | None = None
    head: Id | None = None


class Person(Part):
    id: Id
    name: Text
    unit: Id
    roles: tuple[Role, ...] = ()
    absences: tuple[Absence, ...] = ()
    disabled: bool = False


class Days(CalendarState):
    model_config = ConfigDict(frozen=True, extra="forbid")


class OfficeFile(Part):
    """`default_working_days` count where the matched row names none."""

    office: Id
    name: Text
    units: tuple[Unit, ...]
    people: tuple[Person, ...]
    calendar: Days = Days()
    catalogues: dict[Id, tuple[CatalogueEntry, ...]] = {}
    rules: dict[str, Any]
    default_working_days: int = Field(ge=1, le=366)


@dataclass(frozen=True, slots=True)
class Change:
    """`before` is None for what is new."""

    kind: str
    id: str
    before: State | None
    after: State

    def __str__(self) -> str:
        if self.before is None:
            return f"+ {self.kind} {self.id}: {self.after.get('name') or 'new'}"
        before = self.before
        fields = [name for name in self.after if self.after[name] != before.get(name)]
        if self.kind == RULES:
            return f"~ {RULES}: another table"
        return f"~ {self.kind} {self.id}: " + "; ".join(
            f"{name}: {_short(before.get(name))} → {_short(self.after[name])}" for name in fields
        )


def read_office(text: str | bytes, check_rules: CheckRules) -> OfficeFile:
    """The file's content; raises OfficeFaulty with every fault that can be told."""
    try:
        file = OfficeFile.model_validate_json(text)
    except ValidationError as error:
        raise OfficeFaulty([_fault_of(each) for each in error.errors(include_url=False)]) from error
    faults = [*_faults(file), *check_rules(file.rules, {unit.id for unit in file.units})]
    if faults:
        raise OfficeFaulty(faults)
    return file


def states_of(file: OfficeFile) -> dict[tuple[str, str], State]:
    """Everything in the file by kind and id, as events and copies say it."""
    units = {(UNIT, each.id): _dump(_unit_state(each)) for each in file.units}
    people = {(PERSON, each.id): _dump(_person_state(each)) for each in file.people}
    catalogues = {
        (CATALOGUE, name): {"entries": [_dump(each) for each in entries]} for name, entries in file.catalogues.items()
    }
    calendar = {
        "days_off": sorted(set(file.calendar.days_off)),
        "working_days": sorted(set(file.calendar.working_days)),
    }
    office = {"name": file.name, "default_working_days": file.default_working_days}
    return {
        (OFFICE, file.office): office,
        **units,
        **people,
        (CALENDAR, CALENDAR): _dump(CalendarState.model_validate(calendar)),
        **catalogues,
        (RULES, RULES): {"content": file.rules},
    }


def difference(known: Mapping[tuple[str, str], State], file: OfficeFile) -> list[Change]:
    """What loading the file would change, given what is there."""
    wanted = states_of(file)
    for key, state in known.items():
        if key not in wanted and key[0] in _GONE:
            wanted[key] = {**state, **_GONE[key[0]]}
        elif key[0] == PERSON:
            wanted[key]["sessions_valid_from"] = state.get("sessions_valid_from")
    return [
        Change(kind, id, known.get((kind, id)), after)
        for (kind, id), after in wanted.items()
        if known.get((kind, id)) != after
    ]


_GONE: dict[str, State] = {UNIT: {"active": False}, PERSON: {"disabled": True}, CATALOGUE: {"entries": []}}


def _unit_state(unit: Unit) -> UnitState:
    return UnitState(unit_id=unit.id, name=unit.name, symbol=unit.symbol, head_person_id=unit.head)


def _person_state(person: Person) -> PersonState:
    return PersonState(
        person_id=person.id,
        name=person.name,
        unit_id=person.unit,
        roles=tuple(sorted(set(person.roles))),
        absences=person.absences,
        disabled=person.disabled,
    )


def _faults(file: OfficeFile) -> Iterator[Fault]:
    units, people = {each.id for each in file.units}, {each.id: each for each in file.people}
    yield from _repeated("/units", (each.id for each in file.units))
    yield from _repeated("/people", (each.id for each in file.people))
    for index, unit in enumerate(file.units):
        if unit.head is not None and unit.head not in people:
            yield Fault(f"/units/{index}/head", f"there is no person {unit.head}")
    for index, person in enumerate(file.people):
        if person.unit not in units:
            yield Fault(f"/people/{index}/unit", f"there is no unit {person.unit}")
        for number, absence in enumerate(person.absences):
            if absence.last_day < absence.first_day:
                yield Fault(f"/people/{index}/absences/{number}", "it ends before it begins")
    for name, entries in file.catalogues.items():
        yield from _repeated(f"/catalogues/{escaped(name)}", (each.code for each in entries))
    both = set(file.calendar.days_off) & set(file.calendar.working_days)
    if both:
        yield Fault("/calendar", "both off and worked: " + ", ".join(day.isoformat() for day in sorted(both)))
    if not any(Role.CLERK in each.roles and not each.disabled for each in file.people):
        yield Fault("/people", "nobody is a clerk: what cannot be assigned would wait for nobody")


def _repeated(place: str, ids: Iterable[str]) -> Iterator[Fault]:
    for id, count in Counter(ids).items():
        if count > 1:
            yield Fault(place, f"{id} stands there {count} times")


def _fault_of(error: Any) -> Fault:
    """pydantic marks a fault in a name itself with a last step `[key]`, which leads nowhere."""
    steps = [str(each) for each in error["loc"] if each != "[key]"]
    return Fault("".join(f"/{escaped(each)}" for each in steps), error["msg"])


def _dump(model: BaseModel) -> State:
    return model.model_dump(mode="json")


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}…"
