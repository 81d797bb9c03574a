"""The office's workbook without a file: rows in, an office or faults by cell out, and back."""

import json
from datetime import date, time
from pathlib import Path
from typing import Any

import pytest

from services.routing.faults import OfficeFaulty
from services.routing.loading import judged
from services.routing.office import OfficeFile
from services.routing.office.cells import Column, Plain, Sort, cell_of, value_of
from services.routing.office.reading_sheets import read_sheets
from services.routing.office.rule_rows import RAW, NotTabular
from services.routing.office.sheets import GUIDE, SHEETS
from services.routing.office.shipped import template
from services.routing.office.writing_sheets import sheets_of
from services.routing.rules import faults_of
from tests.routing.small_office import office, row, rules

DEMO = Path(__file__).parents[2] / "services" / "demo" / "office.json"
Sheets = dict[str, list[list[Plain]]]


def sheets(**changes: Any) -> Sheets:
    return sheets_of(judged(json.dumps(office(**changes))))


def read(said: Sheets) -> OfficeFile:
    return read_sheets(said, faults_of)


def faults(said: Sheets) -> dict[str, str]:
    with pytest.raises(OfficeFaulty) as caught:
        read(said)
    return {fault.pointer: fault.detail for fault in caught.value.faults}


@pytest.mark.parametrize(
    "content", [office(), json.loads(DEMO.read_text()), template()], ids=["small", "demo", "template"]
)
def test_an_office_survives_its_workbook(content: dict[str, Any]) -> None:
    file = judged(json.dumps(content))
    assert read(sheets_of(file)) == file


def test_everything_that_can_stand_in_a_file_survives_its_workbook() -> None:
    people: list[dict[str, Any]] = office()["people"]
    people[0] |= {
        "position": "vt",
        "valid_from": "2020-01-01",
        "absences": [{"first_day": "2026-03-02", "last_day": "2026-03-03", "half": "morning", "kind": "leave"}],
        "competences": [{"matter": "đất", "level": 3, "valid_to": "2026-12-31"}],
        "delegations": [
            {"to_person_id": "thu", "first_day": "2026-03-02", "last_day": "2026-03-03", "unit_ids": ["NC"]}
        ],
    }
    hours = {"begins": "07:00:00", "ends": "11:30:00", "valid_from": "2026-04-16"}
    half = {"day": "2026-03-04", "worked": "morning"}
    given = office(
        people=people,
        positions=[{"id": "vt", "name": "Văn thư"}],
        portfolios=[{"unit": "NC", "leader": "leader", "valid_to": "2026-06-30"}],
        calendar={"days_off": ["2026-03-05"], "working_days": ["2026-03-07"], "half_days": [half], "shifts": [hours]},
        books=[{"id": "incoming", "name": "Sổ đến", "direction": "incoming"}],
        kinds=[{"id": "cong_van", "name": "Công văn"}],
        issuers=[
            {
                "id": "SVHTTDL",
                "name": "Sở Văn hóa, Thể thao và Du lịch",
                "level": "locality",
                "old_names": ["Sở A, B", "C"],
            }
        ],
        matters=[{"id": "đất", "name": "Đất đai", "deadline": "d"}],
        deadlines=[{"id": "d", "name": "Hạn", "legal_ref": "Luật", "amount": 3, "unit": "hour", "extendable": False}],
        catalogues={"khac": [{"code": "a", "name": "A", "level": "other"}]},
    )
    file = judged(json.dumps(given))
    assert read(sheets_of(file)) == file


def test_days_and_choices_are_read_as_people_write_them() -> None:
    said = sheets()
    said["Vắng mặt"] += [
        ["hoa", "02/03/2026", date(2026, 3, 6), "Sáng", "nghỉ  phép"],
        ["hoa", "2026-04-01", "1.4.2026", None, None],
    ]
    hoa = next(each for each in read(said).people if each.id == "hoa")
    assert [(each.first_day.day, each.last_day.day, each.half) for each in hoa.absences] == [
        (2, 6, "morning"),
        (1, 1, None),
    ]


def test_columns_may_stand_in_any_order_and_empty_rows_are_nothing() -> None:
    said = sheets()
    said["Nhân sự"] = [list(reversed(row)) for row in said["Nhân sự"]]
    said["Nhân sự"].insert(3, [None, "  "])
    assert read(said) == judged(json.dumps(office()))


def test_every_fault_is_told_by_its_sheet_and_cell() -> None:
    said = sheets()
    said["Nhân sự"][2][2] = "XX"
    said["Đơn vị"][1][3] = "nobody"
    said["Quy tắc"][1][7] = "YY"
    said["Lịch"].append(["2016-02-15", "làm việc"])
    assert set(faults(said)) == {"Nhân sự!C3", "Đơn vị!D2", "Quy tắc!H2", "Lịch!A3"}


def test_a_cell_that_cannot_be_read_says_what_to_write() -> None:
    said = sheets()
    said["Vắng mặt"] += [["hoa", "31/02/2026", "tomorrow", "đêm"], ["nobody", "1/3/2026", "1/3/2026"]]
    said["Đơn vị"][1][1] = None
    found = faults(said)
    assert set(found) == {"Vắng mặt!B2", "Vắng mặt!C2", "Vắng mặt!D2", "Vắng mặt!A3", "Đơn vị!B2"}
    assert "31/12/2026" in found["Vắng mặt!B2"]
    assert "sáng, chiều" in found["Vắng mặt!D2"]


def test_a_row_that_cannot_be_read_hides_no_other_fault_and_makes_none() -> None:
    said = sheets()
    said["Đơn vị"][2][1] = None  # whom people are in and rules name
    said["Nhân sự"][1][4] = "vua"
    said["Nhân sự"][3][0] = "has space"
    said["Nhân sự"][5][2] = "XX"
    said["Quy tắc"][3][7] = "YY"
    assert set(faults(said)) == {"Đơn vị!B3", "Nhân sự!E2", "Nhân sự!A4", "Nhân sự!C6", "Quy tắc!H4"}


def test_sheets_and_columns_that_nobody_knows_are_told() -> None:
    said: Sheets = {**sheets(), "Ghi chú": [["x"]], "Sheet1": []}
    said["Đơn vị"][0][2] = "Biểu tượng"
    found = set(faults(said))
    assert {"Ghi chú", "Đơn vị!C1"} <= found
    assert "Sheet1" not in found


@pytest.mark.parametrize(
    "frame", ["x", "[]", "1", "{}", '{"nodes": [1]}', '{"nodes": [{"type": "decisionTableNode", "content": {}}]}']
)
def test_a_frame_of_rules_that_is_none_is_refused(frame: str) -> None:
    said = sheets()
    said["Cơ quan"][1][3] = frame
    assert "Cơ quan!D2" in faults(said)


def test_a_workbook_without_anything_is_refused_in_words() -> None:
    assert {"Cơ quan", "Nhân sự", "Quy tắc"} & set(faults({}))


@pytest.mark.parametrize(
    ("sort", "cell", "value"),
    [
        (Sort.TIME, "7h30", "07:30:00"),
        (Sort.TIME, time(13, 30), "13:30:00"),
        (Sort.YES_NO, "Có", True),
        (Sort.YES_NO, False, False),
        (Sort.WHOLE, 7.0, 7),
        (Sort.TEXT, 15.0, "15"),
        (Sort.LIST, "a, b;c\nd", ["a", "b", "c", "d"]),
        (Sort.NAMES, "Sở A, B; C", ["Sở A, B", "C"]),
    ],
)
def test_a_cell_means_what_people_mean(sort: Sort, cell: Plain, value: object) -> None:
    column = Column("Cột", "field", "", sort)
    assert value_of(column, cell) == value
    assert value_of(column, cell_of(column, value)) == value


def test_every_column_is_explained_and_in_the_guide() -> None:
    assert all(column.help.endswith(".") for sheet in SHEETS for column in sheet.columns)
    assert len(sheets()[GUIDE]) == 1 + sum(1 + len(sheet.columns) for sheet in SHEETS)


def test_a_condition_that_is_no_list_stays_in_the_tables_own_language() -> None:
    odd = [
        row("odd", "NC", suffix='$ == "A" or len($) > 3', kind='$ in ["petition", "cong_van"]'),
        row("default", "TH"),
    ]
    said = sheets(rules=rules(odd))
    assert said["Quy tắc"][1][3] == "đơn thư, công văn"
    assert said["Quy tắc"][1][4] == f'{RAW} $ == "A" or len($) > 3'
    assert read(said).rules == rules(odd)


def test_a_new_workbook_needs_no_frame_of_its_rules() -> None:
    said = sheets_of(judged(json.dumps(template())))
    assert said["Cơ quan"][1][3] is None


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "Văn\x0bphòng"},
        {"rules": rules([row("a", "NC", kind='"petition"') | {"_description": " a"}, row("b", "TH")])},
    ],
)
def test_what_a_workbook_would_lose_is_not_written(changes: dict[str, Any]) -> None:
    with pytest.raises(NotTabular):
        sheets(**changes)


def test_the_template_is_sound_and_its_law_has_references() -> None:
    file = judged(json.dumps(template("tinh-x", "Văn phòng X")))
    assert (file.office, file.name) == ("tinh-x", "Văn phòng X")
    assert all(each.head for each in file.units)
    assert {each.deadline for each in file.matters} <= {None, *(each.id for each in file.deadlines)}
    named = {json.loads(cell) for each in _table(file)["rules"] if (cell := each["matter"])}
    assert named <= {each.id for each in file.matters}


def _table(file: OfficeFile) -> dict[str, Any]:
    table: dict[str, Any] = file.rules["nodes"][1]["content"]
    return table
