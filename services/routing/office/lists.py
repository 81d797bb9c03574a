"""Whether an office's calendar, deadlines and catalogues can be true. Pure."""

from collections.abc import Iterator
from itertools import pairwise

from services.routing.faults import Fault, escaped
from services.routing.office.dated import turns
from services.routing.office.file import Days, OfficeFile
from services.routing.office.soundness import faults_of_times

OWN_LISTS = ("books", "kinds", "issuers", "matters")


def faults_of_lists(file: OfficeFile) -> Iterator[Fault]:
    yield from _of_days(file.calendar)
    yield from faults_of_times("/calendar/shifts", file.calendar.shifts)
    yield from _of_shifts(file.calendar)
    for index, deadline in enumerate(file.deadlines):
        if not deadline.extendable and deadline.most_extensions:
            yield Fault(f"/deadlines/{index}/most_extensions", "it cannot be extended at all: leave this empty")
    for name, entries in file.catalogues.items():
        here = f"/catalogues/{escaped(name)}"
        if name in OWN_LISTS and getattr(file, name):
            yield Fault(here, f"the office's {name} stand in a list of their own already: take them out here")
        seen = set[str]()
        for index, entry in enumerate(entries):
            if entry.code in seen:
                yield Fault(f"{here}/{index}", f"{entry.code} stands there already")
            seen.add(entry.code)


def _of_days(calendar: Days) -> Iterator[Fault]:
    kinds = dict.fromkeys(calendar.days_off, "off")
    for index, day in enumerate(calendar.working_days):
        if kinds.setdefault(day, "worked") != "worked":
            yield Fault(f"/calendar/working_days/{index}", f"{day.isoformat()} is both off and worked")
    for index, half in enumerate(calendar.half_days):
        if kinds.setdefault(half.day, "half") != "half" or half.day in {
            each.day for each in calendar.half_days[:index]
        }:
            yield Fault(f"/calendar/half_days/{index}", f"{half.day.isoformat()} stands in the calendar already")


def _of_shifts(calendar: Days) -> Iterator[Fault]:
    """Hours that hold on one day come one after the other."""
    told = set[int]()
    days = sorted(
        {each.first_day for each in calendar.shifts} | {day for each in calendar.shifts for day in turns(each)}
    )
    for index, each in enumerate(calendar.shifts):
        if each.ends <= each.begins:
            yield Fault(f"/calendar/shifts/{index}/ends", "it ends before it begins")
    for day in days:
        held = [(each.begins, each.ends, index) for index, each in enumerate(calendar.shifts) if each.is_valid_on(day)]
        held.sort()
        for (_, earlier_ends, _), (begins, _, index) in pairwise(held):
            if begins < earlier_ends and index not in told:
                told.add(index)
                yield Fault(f"/calendar/shifts/{index}", f"it begins at {begins:%H:%M}, before the one before it ends")
