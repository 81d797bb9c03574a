"""A draft as people hand it in, a table, a calendar or a whole office, tried on past documents. Writes nothing."""

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from datetime import date, tzinfo
from typing import Any

import orjson
from pydantic import TypeAdapter, ValidationError

from services.events import CalendarState, PersonState, UnitState
from services.routing.facts import Facts, Match
from services.routing.faults import Fault, OfficeFaulty
from services.routing.office import (
    CALENDAR,
    PERSON,
    UNIT,
    OfficeFile,
    deadlines_on,
    matters_on,
    read_office,
    states_of,
)
from services.routing.office.file import Days
from services.routing.office_store import OfficeStore
from services.routing.replay import Side, Trial, replayed
from services.routing.roster import OfficeView, calendar_of, no_rule
from services.routing.rules import compiled, faults_of
from services.routing.store import Store
from services.worktime import NoWorkingDay

FACTS = TypeAdapter(Facts)
BETWEEN_BREATHS = 20  # documents: whoever else is served waits for them, some ten milliseconds


@dataclass
class Tried:
    before: Side
    after: Side
    trial: Trial = field(default_factory=Trial)


async def try_draft(
    store: Store,
    now: OfficeView,
    draft: OfficeView,
    zone: tzinfo,
    first: date,
    last: date,
    progress: Callable[[], object],
) -> Tried:
    """What arrived from the first day to the last, decided by both. `now` has the rules of all these days.

    Raises OfficeFaulty where a calendar leaves no day to work on.
    """
    tried = Tried(Side(now, zone), Side(draft, zone))
    async for row in store.arrived(now.office, first, last):
        facts = FACTS.validate_python(row["facts"])
        try:
            for _ in replayed([(row["_id"], facts)], tried.before, tried.after, tried.trial):
                progress()
        except NoWorkingDay as error:
            raise OfficeFaulty([Fault("/calendar", str(error))]) from error
        if tried.trial.documents % BETWEEN_BREATHS == 0:
            await asyncio.sleep(0)
    return tried


async def as_it_was(offices: OfficeStore, office: str, since: date) -> OfficeView | None:
    """The office with every version of the rules that counted since; None for one that was never loaded."""
    view = await offices.view(office)
    if view is None:
        return None
    matches = await offices.rules.matches(office, list(view.versions), since)
    return replace(view, rules_version=None, match=no_rule, matches=matches)


def draft_of(text: bytes, now: OfficeView, day: date) -> OfficeView:
    """The office with the draft in the place of what it has; of a draft office what it says of this day.

    Raises OfficeFaulty.
    """
    try:
        said = orjson.loads(text)
    except ValueError as error:
        raise OfficeFaulty([Fault("", f"this is no JSON: {error}")]) from error
    if not isinstance(said, dict):
        raise OfficeFaulty([Fault("", "a table has nodes, an office has units, a calendar has days_off")])
    if "nodes" in said:
        return with_table(now, sound_table(said, now.units))
    if "units" in said:
        return with_office(now, read_office(text, faults_of), day)
    return with_calendar(now, said)


def sound_table(content: Any, units: Collection[str]) -> Match:
    """Raises OfficeFaulty."""
    if faults := faults_of(content, units):
        raise OfficeFaulty(faults)
    return compiled(content)


def with_table(now: OfficeView, match: Match) -> OfficeView:
    """It counts on every day, whatever other versions say."""
    return replace(now, rules_version=None, match=match, versions=(), matches={})


def with_calendar(now: OfficeView, said: dict[str, Any]) -> OfficeView:
    """Raises OfficeFaulty."""
    try:
        return replace(now, calendar=calendar_of(Days.model_validate_json(orjson.dumps(said))))
    except ValidationError as error:
        found = [Fault("".join(f"/{step}" for step in each["loc"]), each["msg"]) for each in error.errors()]
        raise OfficeFaulty(found) from error


def with_office(now: OfficeView, file: OfficeFile, day: date) -> OfficeView:
    states = states_of(file, day)
    units = [UnitState.model_validate(state) for (kind, _), state in states.items() if kind == UNIT]
    people = [PersonState.model_validate(state) for (kind, _), state in states.items() if kind == PERSON]
    changed = replace(
        now,
        units={each.unit_id: each for each in units},
        people={each.person_id: each for each in people},
        calendar=calendar_of(CalendarState.model_validate(states[CALENDAR, CALENDAR])),
        default_working_days=file.default_working_days,
        deadlines=deadlines_on(file, day),
        matters=matters_on(file, day),
    )
    return with_table(changed, compiled(file.rules))
