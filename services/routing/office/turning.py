"""On which day something of an office changes by itself next. Pure."""

from collections.abc import Iterator, Mapping
from datetime import date

from services.routing.office.change import Change, State
from services.routing.office.dated import Dated, turns
from services.routing.office.file import OfficeFile
from services.routing.office.on_day import as_of
from services.routing.office.states import Key, difference, states_of


def next_turn(file: OfficeFile, after: date) -> date | None:
    """The first day after this one on which the office is another than on the day before; None where no row says so."""
    known = as_of(file, after)
    days = {day for row in _dated(file) for day in turns(row) if day > after}
    return next((day for day in sorted(days) if as_of(file, day) != known), None)


def turned(file: OfficeFile, since: date, today: date) -> bool:
    """Whether the office is another today than it was on the day since."""
    return since != today and as_of(file, since) != as_of(file, today)


def changes_of_day(known: Mapping[Key, State], file: OfficeFile, since: date, today: date) -> list[Change]:
    """What is to be said because it is another day; what differs from the file for other reasons stays as it is.

    So whatever a recovery brought back from after the file's last load is not taken away again by a new day.
    """
    before, now = states_of(file, since), states_of(file, today)
    moved = {key for key, state in now.items() if before.get(key) != state}
    return [each for each in difference(known, file, today) if (each.kind, each.id) in moved]


def _dated(file: OfficeFile) -> Iterator[Dated]:
    yield from (*file.positions, *file.units, *file.people, *file.portfolios, *file.calendar.shifts)
    yield from (*file.books, *file.kinds, *file.issuers, *file.matters, *file.deadlines)
    for person in file.people:
        yield from person.competences
