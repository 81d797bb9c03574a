"""The office's file read: its content, or every fault in it with its place. Pure."""

import json
from collections.abc import Callable, Collection
from typing import Any

from pydantic import ValidationError

from services.routing.faults import Fault, OfficeFaulty, escaped
from services.routing.office.dated import by_id
from services.routing.office.file import OfficeFile, Person
from services.routing.office.lists import faults_of_lists
from services.routing.office.references import faults_of_references, faults_of_rules
from services.routing.office.soundness import faults_of_rows
from services.routing.office.unread import Location, rest_of

CheckRules = Callable[[Any, Collection[str]], list[Fault]]


def read_office(text: str | bytes, check_rules: CheckRules) -> OfficeFile:
    """The file's content; raises OfficeFaulty with every fault that can be told."""
    try:
        file = OfficeFile.model_validate_json(text)
    except ValidationError as error:
        errors = error.errors(include_url=False)
        unread = [_fault_of(each) for each in errors]
        raise OfficeFaulty([*unread, *_of_the_rest(text, [each["loc"] for each in errors], check_rules)]) from error
    if faults := _faults(file, check_rules, frozenset()):
        raise OfficeFaulty(faults)
    return gathered(file)


def _of_the_rest(text: str | bytes, faulty: list[Location], check_rules: CheckRules) -> list[Fault]:
    try:
        rest = rest_of(json.loads(text), faulty)
    except (ValueError, RecursionError):  # no JSON, or not as strict as the model: what was told is enough
        return []
    return [rest.in_whole(each) for each in _faults(rest.file, check_rules, rest.unread)] if rest else []


def _faults(file: OfficeFile, check_rules: CheckRules, unread: frozenset[str]) -> list[Fault]:
    units = {unit.id for unit in file.units} | unread
    of_rules = check_rules(file.rules, units) or list(faults_of_rules(file, unread))
    return [*faults_of_rows(file, unread), *faults_of_references(file, unread), *faults_of_lists(file), *of_rules]


def gathered(file: OfficeFile) -> OfficeFile:
    """The same with a person's absences, competences and delegations all in their first row, as a workbook has them."""
    people = {id: rows for id, rows in by_id(file.people).items() if len(rows) > 1}
    if not people:
        return file
    return file.model_copy(
        update={"people": tuple(_gathered(each, people.get(each.id, [each])) for each in file.people)}
    )


def _gathered(person: Person, rows: list[Person]) -> Person:
    own = rows if person is rows[0] else []
    parts = ("absences", "competences", "delegations")
    return person.model_copy(update={part: tuple(each for row in own for each in getattr(row, part)) for part in parts})


def _fault_of(error: Any) -> Fault:
    """pydantic marks a fault in a name itself with a last step `[key]`, which leads nowhere."""
    steps = [str(each) for each in error["loc"] if each != "[key]"]
    return Fault("".join(f"/{escaped(each)}" for each in steps), error["msg"])
