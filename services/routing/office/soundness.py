"""Whether dated rows can be true together: times, successors and old names. Pure."""

from collections.abc import Iterator, Sequence
from datetime import date

from services.routing.faults import Fault
from services.routing.office.dated import Dated, by_id, on, overlaps
from services.routing.office.file import OfficeFile, Succeeded, Unit
from services.routing.office.resolving import folded, successors


def faults_of_rows(file: OfficeFile, unread: frozenset[str] = frozenset()) -> Iterator[Fault]:
    """`unread` may follow as well: ids of rows that could not be read, and are told elsewhere."""
    for name in ("positions", "units", "people", "books", "kinds", "issuers", "matters", "deadlines"):
        rows = getattr(file, name)
        yield from faults_of_times(f"/{name}", rows)
        for id, own in by_id(rows).items():
            yield from _overlaps(f"/{name}", rows, own, id)
    yield from faults_of_times("/portfolios", file.portfolios)
    for unit in dict.fromkeys(each.unit for each in file.portfolios):
        own_portfolios = [each for each in file.portfolios if each.unit == unit]
        yield from _overlaps("/portfolios", file.portfolios, own_portfolios, f"the unit {unit}")
    yield from _of_successors("/units", file.units, unread)
    yield from _of_successors("/issuers", file.issuers, unread)
    yield from _of_successors("/books", file.books, unread)
    yield from _of_parents(file.units)
    yield from _of_competences(file)


def faults_of_times(place: str, rows: Sequence[Dated]) -> Iterator[Fault]:
    for index, each in enumerate(rows):
        if each.last_day < each.first_day:
            yield Fault(f"{place}/{index}/valid_to", "it ends before it begins")


def _overlaps(place: str, rows: Sequence[Dated], own: Sequence[Dated], what: str) -> Iterator[Fault]:
    for _, later in overlaps(own):
        yield Fault(
            f"{place}/{_index(rows, later)}",
            f"another row has {what} {_since(later.first_day)}: give that row a last day, or take one of them out",
        )


def _of_successors(place: str, rows: Sequence[Succeeded], unread: frozenset[str]) -> Iterator[Fault]:
    known = {each.id for each in rows} | unread
    for index, each in enumerate(rows):
        here = f"{place}/{index}/successor"
        if each.successor is None:
            continue
        if each.successor not in known:
            yield Fault(here, f"there is no {each.successor} to follow it")
        elif each.id in successors(rows, each.id):
            yield Fault(here, f"{each.id} would follow itself: one of them has to go on without a successor")
        elif each.valid_to is None:
            yield Fault(here, "it names a successor but no last day: fill in valid_to")
        elif any(other.id == each.id and other.first_day > each.last_day for other in rows):
            yield Fault(here, f"{each.id} goes on in a later row, so nobody follows it yet: name it in the last row")
    yield from _of_old_names(place, rows)


def _of_old_names(place: str, rows: Sequence[Succeeded]) -> Iterator[Fault]:
    owners: dict[str, str] = {}
    for index, each in enumerate(rows):
        for number, name in enumerate(each.old_names):
            owner = owners.setdefault(folded(name), each.id)
            if owner != each.id:
                yield Fault(f"{place}/{index}/old_names/{number}", f"{owner} has this old name already")


def _of_parents(units: Sequence[Unit]) -> Iterator[Fault]:
    for index, each in enumerate(units):
        parents = {one.id: one.parent for one in on(units, each.first_day)}
        above, seen = parents.get(each.id), set[str]()
        while above is not None and above != each.id and above not in seen:
            seen.add(above)
            above = parents.get(above)
        if above == each.id:
            yield Fault(f"/units/{index}/parent", f"{each.id} would be part of itself")


def _of_competences(file: OfficeFile) -> Iterator[Fault]:
    for id, own in by_id(file.people).items():
        matters = {each.matter for one in own for each in one.competences}
        for matter in sorted(matters):
            said = [each for one in own for each in one.competences if each.matter == matter]
            for _, later in overlaps(said):
                index = next(i for i, one in enumerate(file.people) if any(later is each for each in one.competences))
                number = _index(file.people[index].competences, later)
                place = f"/people/{index}/competences/{number}"
                yield Fault(place, f"{id} has a level in {matter} already at that time")
    for index, one in enumerate(file.people):
        yield from faults_of_times(f"/people/{index}/competences", one.competences)


def _index(rows: Sequence[Dated], row: Dated) -> int:
    return next(index for index, each in enumerate(rows) if each is row)


def _since(day: date) -> str:
    return "at the same time" if day == date.min else f"on {day.isoformat()} already"
