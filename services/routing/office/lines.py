"""The rows of one sheet as values by field, and every cell that cannot be read. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.routing.faults import Fault
from services.routing.office.cells import Column, Plain, text_of, value_of
from services.routing.office.resolving import folded
from services.routing.office.rule_rows import RAW
from services.routing.office.sheets import RULES, Sheet

Rows = Sequence[Sequence[Plain]]


@dataclass(frozen=True)
class Line:
    """A row that is not empty: its values by field, and the cells of all its columns."""

    place: str
    values: dict[str, Any]
    cells: dict[str, str]


def lines_of(sheet: Sheet, rows: Rows, faults: list[Fault]) -> Iterator[Line]:
    """What cannot be read is added to the faults, and is not among the values."""
    if not rows:
        return
    columns = dict(_columns(sheet, rows[0], faults))
    for number, row in enumerate(rows[1:], start=2):
        if any(not _is_empty(cell) for cell in row):
            yield _line(sheet, columns, number, row, faults)


def _columns(sheet: Sheet, header: Sequence[Plain], faults: list[Fault]) -> Iterator[tuple[int, Column]]:
    known = {folded(each.header): each for each in sheet.columns}
    for index, cell in enumerate(header):
        if _is_empty(cell):
            continue
        column = known.pop(folded(text_of(cell)), None)
        if column is None:
            names = ", ".join(each.header for each in sheet.columns)
            faults.append(
                Fault(place(sheet, index, 1), f"“{text_of(cell)}” is no column, or is there twice; there are: {names}")
            )
        else:
            yield index, column
    missing = [each for each in known.values() if each.required]
    faults += [Fault(f"{sheet.title}!A1", f"the column “{each.header}” is missing: {each.help}") for each in missing]


def _line(sheet: Sheet, columns: Mapping[int, Column], number: int, row: Sequence[Plain], faults: list[Fault]) -> Line:
    values, cells = dict[str, Any](), dict[str, str]()
    for index, column in columns.items():
        cell = row[index] if index < len(row) else None
        here = cells[column.field] = place(sheet, index, number)
        if sheet.path == RULES and isinstance(cell, str) and cell.strip().startswith(RAW):
            values[column.field] = cell.strip()
        elif not _is_empty(cell):
            try:
                values[column.field] = value_of(column, cell)
            except ValueError as error:
                faults.append(Fault(here, f"{column.header}: {error}"))
        elif column.required:
            faults.append(Fault(here, f"{column.header} is empty: {column.help}"))
    return Line(f"{sheet.title}!A{number}", values, cells)


def place(sheet: Sheet, index: int, number: int) -> str:
    """`Đơn vị!B3`; the second column of the third row."""
    letters = ""
    index += 1
    while index:
        index, letter = divmod(index - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return f"{sheet.title}!{letters}{number}"


def _is_empty(cell: Plain) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())
