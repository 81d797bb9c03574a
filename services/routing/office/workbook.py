"""The office's workbook as a file: cells in and out, and nothing decided.

openpyxl is imported only where a workbook is read or written: most commands need none, and it takes its time.
"""

import warnings
from collections.abc import Mapping, Sequence
from datetime import date, time
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from services.routing.faults import Fault, OfficeFaulty
from services.routing.office.cells import Plain

WIDEST, NARROWEST = 60, 12
MOST_ROWS = 100_000


def read_workbook(said: bytes) -> dict[str, list[list[Plain]]]:
    """The cells' values by sheet and row; of a formula what it came to. Raises OfficeFaulty for what is no workbook."""
    import openpyxl  # noqa: PLC0415

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what openpyxl cannot keep is nothing that is read here
            book = openpyxl.load_workbook(BytesIO(said), read_only=True, data_only=True)
            return {sheet.title: _rows(sheet) for sheet in book.worksheets}
    except (BadZipFile, KeyError, ValueError, TypeError, OSError, SyntaxError) as error:
        raise OfficeFaulty([Fault("", f"this is no XLSX workbook: {error}")]) from error


def write_workbook(file: Path, sheets: Mapping[str, Sequence[Sequence[Plain]]]) -> None:
    """A new workbook; one that is there is replaced."""
    import openpyxl  # noqa: PLC0415
    from openpyxl.styles import Alignment, Font  # noqa: PLC0415
    from openpyxl.utils import get_column_letter  # noqa: PLC0415

    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for number, row in enumerate(rows, start=1):
            for index, value in enumerate(row, start=1):
                _write(sheet.cell(number, index), value)
        sheet.freeze_panes = "A2"
        for index in range(1, len(rows[0]) + 1):
            longest = max((len(str(row[index - 1] or "")) for row in rows), default=0)
            sheet.column_dimensions[get_column_letter(index)].width = min(max(longest + 2, NARROWEST), WIDEST)
            sheet.cell(1, index).font = Font(bold=True)
            sheet.cell(1, index).alignment = Alignment(wrap_text=True, vertical="top")
    book.save(file)


def _write(cell: Any, value: Plain) -> None:
    cell.value = value
    if isinstance(value, str):
        cell.data_type = "s"  # a text that begins with = is no formula
        cell.number_format = "@"
    elif isinstance(value, date):
        cell.number_format = "dd/mm/yyyy"
    elif isinstance(value, time):
        cell.number_format = "hh:mm"


def _rows(sheet: Any) -> list[list[Plain]]:
    rows = [list(row) for row in sheet.iter_rows(values_only=True, max_row=MOST_ROWS)]
    while rows and all(each is None for each in rows[-1]):
        rows.pop()
    return rows
