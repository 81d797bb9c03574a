"""The office's workbook as a file, written and read by openpyxl."""

from datetime import date, time
from pathlib import Path

import pytest

from services.routing.faults import OfficeFaulty
from services.routing.loading import judged_workbook
from services.routing.office.cells import Plain
from services.routing.office.workbook import read_workbook, write_workbook
from tests.routing.test_office_sheets import sheets

pytest.importorskip("openpyxl")


def test_an_office_survives_its_file(tmp_path: Path) -> None:
    file = tmp_path / "office.xlsx"
    write_workbook(file, sheets())
    assert judged_workbook(read_workbook(file.read_bytes())) == judged_workbook(sheets())


def test_cells_keep_what_they_are_and_no_text_becomes_a_formula(tmp_path: Path) -> None:
    rows: list[list[Plain]] = [["a", "b", "c", "d"], ["=1+1", date(2026, 3, 2), time(7, 30), 7]]
    write_workbook(tmp_path / "cells.xlsx", {"S": rows})
    (_, row) = read_workbook((tmp_path / "cells.xlsx").read_bytes())["S"]
    assert [row[0], str(row[1])[:10], row[2], row[3]] == ["=1+1", "2026-03-02", time(7, 30), 7]


@pytest.mark.parametrize("said", [b"", b"PK", b"not a workbook", b"PK\x05\x06" + bytes(18)])
def test_what_is_no_workbook_is_refused(said: bytes) -> None:
    with pytest.raises(OfficeFaulty, match="no XLSX workbook"):
        read_workbook(said)
