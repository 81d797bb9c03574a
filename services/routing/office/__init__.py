"""An office as data: its file, what stands in it on a day, and what loading it changes."""

from services.routing.office.change import CALENDAR, CATALOGUE, FILE, OFFICE, PERSON, RULES, UNIT, Change, State
from services.routing.office.file import Id, OfficeFile, Text
from services.routing.office.on_day import OfficeOnDay, as_of, deadlines_on, matters_on
from services.routing.office.reading import read_office
from services.routing.office.resolving import resolve
from services.routing.office.states import THE_FILE, content_of, difference, states_of
from services.routing.office.turning import changes_of_day, next_turn, turned

__all__ = [
    "CALENDAR",
    "CATALOGUE",
    "FILE",
    "OFFICE",
    "PERSON",
    "RULES",
    "THE_FILE",
    "UNIT",
    "Change",
    "Id",
    "OfficeFile",
    "OfficeOnDay",
    "State",
    "Text",
    "as_of",
    "changes_of_day",
    "content_of",
    "deadlines_on",
    "difference",
    "matters_on",
    "next_turn",
    "read_office",
    "resolve",
    "states_of",
    "turned",
]
