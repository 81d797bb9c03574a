"""An office's file on disk, as a workbook or as JSON by its ending: read, and written."""

import json
from pathlib import Path

from services.cli.terminal import confirm, fail
from services.routing import loading
from services.routing.faults import Fault
from services.routing.office import OfficeFile, content_of
from services.routing.office.rule_rows import NotTabular
from services.routing.office.workbook import read_workbook, write_workbook
from services.routing.office.writing_sheets import sheets_of

WORKBOOK, JSON = ".xlsx", ".json"


def read(file: Path) -> OfficeFile:
    """Raises OfficeFaulty, whose places are cells in a workbook and pointers in JSON; ends for what cannot be read."""
    try:
        said = file.read_bytes()
    except OSError as error:
        fail(f"{file} cannot be read: {error.strerror}.")
    if file.suffix.lower() == WORKBOOK:
        return loading.judged_workbook(read_workbook(said))
    return loading.judged(said)


def write(file: Path, office: OfficeFile, yes: bool) -> None:
    """Asks before it replaces a file; ends for another ending, and for what fits into no sheet."""
    if file.suffix.lower() not in {WORKBOOK, JSON}:
        fail(f"{file} is neither a workbook nor JSON by its name.", f"Let it end in {WORKBOOK} or {JSON}.")
    if file.exists():
        confirm(f"Replace {file}?", yes)
    try:
        if file.suffix.lower() == WORKBOOK:
            write_workbook(file, sheets_of(office))
        else:
            file.write_text(json.dumps(content_of(office), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    except NotTabular as error:
        fail(f"This office fits into no workbook: {error}.", f"Export to a file that ends in {JSON}.")
    except OSError as error:
        fail(f"{file} cannot be written: {error.strerror}.")


def places(faults: tuple[Fault, ...]) -> list[tuple[str, str]]:
    return [(each.pointer, each.detail) for each in faults]
