"""What routing says of an office on a day, and what differs from what it has said. Pure."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from pydantic import BaseModel

from services.routing.office.change import CALENDAR, CATALOGUE, FILE, OFFICE, PERSON, RULES, UNIT, Change, State
from services.routing.office.file import OfficeFile
from services.routing.office.on_day import as_of

Key = tuple[str, str]
THE_FILE: Key = (FILE, FILE)
_GONE: dict[str, State] = {UNIT: {"active": False}, PERSON: {"disabled": True}, CATALOGUE: {"entries": []}}


def states_of(file: OfficeFile, day: date) -> dict[Key, State]:
    """Everything that holds on the day by kind and id, as events and copies say it."""
    office = as_of(file, day)
    return {
        (OFFICE, file.office): {"name": file.name, "default_working_days": file.default_working_days},
        **{(UNIT, id): _dump(each) for id, each in office.units.items()},
        **{(PERSON, id): _dump(each) for id, each in office.people.items()},
        (CALENDAR, CALENDAR): _dump(office.calendar),
        **{(CATALOGUE, name): {"entries": _dumps(entries)} for name, entries in office.catalogues.items()},
        (RULES, RULES): {"content": file.rules},
    }


def difference(known: Mapping[Key, State], file: OfficeFile, day: date) -> list[Change]:
    """What loading the file on the day would change, given what is there.

    The file itself is a change where it differs from the one that is known, though nothing may show it on the day.
    """
    wanted = states_of(file, day)
    if THE_FILE in known:
        wanted[THE_FILE] = content_of(file)
    for key, state in known.items():
        if key not in wanted and key[0] in _GONE:
            wanted[key] = {**state, **_GONE[key[0]]}
        elif key[0] == PERSON:
            wanted[key]["sessions_valid_from"] = state.get("sessions_valid_from")
    return [
        Change(kind, id, known.get((kind, id)), after)
        for (kind, id), after in wanted.items()
        if _differ(kind, known.get((kind, id)), after)
    ]


def content_of(file: OfficeFile) -> State:
    """The whole file as JSON: what is kept, and given back by an export."""
    return file.model_dump(mode="json", exclude_defaults=True)


def _differ(kind: str, before: State | None, after: State) -> bool:
    """A field that was not there yet when it was written differs only where it says something."""
    if before is None or kind == FILE:
        return before != after
    return any(before.get(name) != value for name, value in after.items() if name in before or value)


def _dump(model: BaseModel) -> State:
    return model.model_dump(mode="json")


def _dumps(models: Iterable[BaseModel]) -> list[dict[str, Any]]:
    return [_dump(each) for each in models]
