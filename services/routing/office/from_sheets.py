"""An office's file from the rows of its workbook, and in which cell each value stands. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from services.routing.faults import Fault
from services.routing.office.lines import Line, Rows, lines_of
from services.routing.office.resolving import folded
from services.routing.office.rule_rows import FIELDS, columns_of, place_in, row_of, table_in, usual_frame
from services.routing.office.sheets import CATALOGUES, DAYS, GUIDE, OFFICE, RULES, SHEETS, Sheet
from services.routing.office.words import OFF, WORKED


@dataclass
class Content:
    """`places` names the cell of each JSON pointer; a fault's pointer here is a cell already."""

    content: dict[str, Any] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def place_of(self, pointer: str) -> str:
        """The cell of the value; else that of what it stands in."""
        while pointer and pointer not in self.places:
            pointer = pointer.rpartition("/")[0]
        return self.places.get(pointer, SHEETS[0].title)


def content_from(workbook: Mapping[str, Rows]) -> Content:
    """Every sheet read; the first row of each has the headers, in any order."""
    result = Content(places={each.path: each.title for each in SHEETS if "*" not in each.path})
    known = {folded(each.title): each for each in SHEETS}
    for title, rows in workbook.items():
        if rows and folded(title) not in known and folded(title) != folded(GUIDE):
            result.faults.append(
                Fault(title, f"there is no such sheet; there are: {', '.join(s.title for s in SHEETS)}")
            )
    titles = {folded(title): rows for title, rows in workbook.items()}
    for sheet in SHEETS:
        lines = list(lines_of(sheet, titles.get(folded(sheet.title), ()), result.faults))
        _take(sheet, lines, result)
    return result


def _take(sheet: Sheet, lines: list[Line], into: Content) -> None:
    if sheet.path == OFFICE:
        _take_office(sheet, lines, into)
    elif sheet.path == DAYS:
        _take_days(lines, into)
    elif sheet.path == CATALOGUES:
        for line in lines:
            name = line.values.pop("catalogue", "")
            _append(into, f"{CATALOGUES}/{name}", into.content.setdefault("catalogues", {}).setdefault(name, []), line)
    elif sheet.path == RULES:
        _take_rules(lines, into)
    elif "*" in sheet.path:
        _take_of_people(sheet, lines, into)
    else:
        holder = into.content
        *above, name = sheet.path.strip("/").split("/")
        for step in above:
            holder = holder.setdefault(step, {})
        for line in lines:
            _append(into, sheet.path, holder.setdefault(name, []), line)
        if sheet.path in {"/units", "/people"}:
            holder.setdefault(name, [])


def _append(into: Content, path: str, rows: list[Any], line: Line) -> None:
    here = f"{path}/{len(rows)}"
    rows.append(line.values)
    into.places[here] = line.place
    into.places.update({f"{here}/{name}": cell for name, cell in line.cells.items()})


def _take_office(sheet: Sheet, lines: list[Line], into: Content) -> None:
    if len(lines) != 1:
        into.faults.append(Fault(sheet.title, f"has {len(lines)} rows and needs exactly one, below its headers"))
    for line in lines[:1]:
        into.content.update(line.values)
        into.places.update({f"/{name}": cell for name, cell in line.cells.items()})


def _take_days(lines: list[Line], into: Content) -> None:
    calendar = into.content.setdefault("calendar", {})
    for line in lines:
        day, sort = line.values.get("day"), line.values.get("sort")
        if day is None or sort is None:
            continue
        name = {OFF: "days_off", WORKED: "working_days"}.get(sort, "half_days")
        rows = calendar.setdefault(name, [])
        into.places[f"/calendar/{name}/{len(rows)}"] = line.place
        rows.append({"day": day, "worked": sort} if name == "half_days" else day)


def _take_of_people(sheet: Sheet, lines: list[Line], into: Content) -> None:
    part = sheet.path.rpartition("/")[2]
    people = into.content.get("people", [])
    for line in lines:
        id = line.values.pop("person", None)
        index = next((index for index, each in enumerate(people) if each.get("id") == id), None)
        if index is not None and id is not None:
            _append(into, f"/people/{index}/{part}", people[index].setdefault(part, []), line)
        elif id is not None:
            into.faults.append(Fault(line.cells["person"], f"there is no person {id} in the sheet Nhân sự"))


def _take_rules(lines: list[Line], into: Content) -> None:
    try:
        said = into.content.pop("frame", None)
        frame = json.loads(said) if said else usual_frame()
        table, here = table_in(frame), place_in(frame)
        columns = columns_of(table)
        table["rules"] = []
    except (AttributeError, KeyError, TypeError, ValueError):
        into.faults.append(Fault(into.place_of("/frame"), "this is no frame of a rule table: empty the cell"))
        return
    into.content["rules"] = frame
    into.places["/rules"] = _title_of(RULES)
    for index, line in enumerate(lines):
        table["rules"].append(row_of(table, line.values))
        into.places[f"{here}/rules/{index}"] = line.place
        for name, cell in line.cells.items():
            into.places[f"{here}/rules/{index}/{columns.get(name, name)}"] = cell
            if name in line.values and name in FIELDS and name not in columns:
                into.faults.append(Fault(cell, "the table's own frame has no such column: empty the cell"))


def _title_of(path: str) -> str:
    return next(each.title for each in SHEETS if each.path == path)
