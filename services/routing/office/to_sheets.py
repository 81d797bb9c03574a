"""An office's file as the rows of its workbook. Pure."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from services.routing.office.cells import Plain, cell_of
from services.routing.office.rule_rows import RAW, NotTabular, frame_of, table_in, usual_frame, values_of
from services.routing.office.sheets import CATALOGUES, DAYS, GUIDE, OFFICE, RULES, SHEETS, Sheet
from services.routing.office.words import OFF, WORKED

Content = Mapping[str, Any]
MOST_CHARACTERS = 32_767  # of a cell
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def sheets_from(content: Content) -> dict[str, list[list[Plain]]]:
    """Every sheet with its headers, the guide last. Raises NotTabular."""
    result = {
        sheet.title: [_headers(sheet), *(_cells(sheet, row) for row in _rows(sheet, content))] for sheet in SHEETS
    }
    return {**result, GUIDE: list(_guide())}


def _headers(sheet: Sheet) -> list[Plain]:
    return [each.header for each in sheet.columns]


def _cells(sheet: Sheet, row: Content) -> list[Plain]:
    return [_cell(sheet, index, row) for index in range(len(sheet.columns))]


def _cell(sheet: Sheet, index: int, row: Content) -> Plain:
    column = sheet.columns[index]
    value = row.get(column.field)
    is_raw = sheet.path == RULES and isinstance(value, str) and value.startswith(RAW)
    cell = str(value) if is_raw else cell_of(column, value)
    if isinstance(cell, str) and (len(cell) > MOST_CHARACTERS or _CONTROL.search(cell)):
        raise NotTabular(f"a text in the column “{column.header}” is too long or has a sign that no cell can hold")
    return cell


def _rows(sheet: Sheet, content: Content) -> Iterator[Content]:
    if sheet.path == OFFICE:
        frame = frame_of(content["rules"])
        own = {} if frame == usual_frame() else {"frame": json.dumps(frame, ensure_ascii=False)}
        yield {**content, **own}
    elif sheet.path == DAYS:
        yield from _days(content.get("calendar", {}))
    elif sheet.path == CATALOGUES:
        for name, entries in content.get("catalogues", {}).items():
            yield from ({"catalogue": name, **each} for each in entries)
    elif sheet.path == RULES:
        table = table_in(content["rules"])
        yield from (values_of(table, each) for each in table["rules"])
    elif "*" in sheet.path:
        part = sheet.path.rpartition("/")[2]
        for person in content["people"]:
            yield from ({"person": person["id"], **each} for each in person.get(part, ()))
    else:
        *above, name = sheet.path.strip("/").split("/")
        for step in above:
            content = content.get(step, {})
        yield from content.get(name, ())


def _days(calendar: Content) -> Iterator[Content]:
    days = [{"day": each, "sort": OFF} for each in calendar.get("days_off", ())]
    days += [{"day": each, "sort": WORKED} for each in calendar.get("working_days", ())]
    days += [{"day": each["day"], "sort": each["worked"]} for each in calendar.get("half_days", ())]
    yield from days


def _guide() -> Iterator[list[Plain]]:
    yield ["Trang", "Cột", "Bắt buộc", "Giải thích"]
    for sheet in SHEETS:
        yield [sheet.title, None, None, sheet.help]
        for column in sheet.columns:
            yield [sheet.title, column.header, "có" if column.required else None, column.help]
