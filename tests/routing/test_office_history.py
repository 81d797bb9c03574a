"""The office over time: what holds on a day, who an old name is, and when something changes next."""

import json
from datetime import date
from typing import Any

import pytest

from services.events import Competence, Half, Shift
from services.routing.faults import OfficeFaulty
from services.routing.loading import judged
from services.routing.office import (
    THE_FILE,
    OfficeFile,
    as_of,
    changes_of_day,
    content_of,
    difference,
    next_turn,
    resolve,
    states_of,
    turned,
)
from services.worktime import Limit, Unit
from tests.routing.small_office import office, rules

LAST, FIRST = date(2025, 6, 30), date(2025, 7, 1)
MERGED: list[dict[str, Any]] = [
    {"id": "skhdt", "name": "Sở Kế hoạch", "level": "locality", "valid_to": "2025-06-30", "successor": "stc"},
    {"id": "stc", "name": "Sở Tài chính", "level": "locality", "old_names": ["Sở Tài chính – Vật giá", "STCVG"]},
]
LAW = {"id": "kn", "name": "Khiếu nại", "legal_ref": "Luật cũ", "amount": 10, "valid_to": "2025-06-30"}
LAWS = [LAW, {**LAW, "legal_ref": "Luật mới", "amount": 7, "valid_from": "2025-07-01", "valid_to": None}]


def file(**changes: Any) -> OfficeFile:
    return judged(json.dumps(office(**changes)))


def faults(**changes: Any) -> dict[str, str]:
    with pytest.raises(OfficeFaulty) as caught:
        file(**changes)
    return {fault.pointer: fault.detail for fault in caught.value.faults}


def units(*more: dict[str, Any], **changes: dict[str, Any]) -> list[dict[str, Any]]:
    """The small office's units, some of them changed."""
    return [{**each, **changes.get(each["id"], {})} for each in office()["units"]] + list(more)


def people(**changes: dict[str, Any]) -> list[dict[str, Any]]:
    return [{**each, **changes.get(each["id"], {})} for each in office()["people"]]


def moved_room() -> OfficeFile:
    """The room KT ended in 2025, its people work in KTTH since."""
    ended = {"valid_to": "2025-06-30", "successor": "KTTH"}
    new = {"id": "KTTH", "name": "Kinh tế – Tổng hợp", "valid_from": "2025-07-01", "old_names": ["Phòng Kinh tế"]}
    rows = people()
    for each in [each for each in rows if each["unit"] == "KT"]:
        each["valid_to"] = "2025-06-30"
        rows.append({**each, "unit": "KTTH", "valid_from": "2025-07-01", "valid_to": None})
    return file(units=units(new, KT=ended), people=rows)


def test_a_unit_that_has_ended_is_inactive_and_names_who_goes_on() -> None:
    before, after = (as_of(moved_room(), day).units for day in (LAST, FIRST))
    assert (before["KT"].active, before["KT"].successor_unit_id, before["KTTH"].active) == (True, None, False)
    assert (after["KT"].active, after["KT"].successor_unit_id, after["KTTH"].active) == (False, "KTTH", True)


def test_a_person_is_in_the_unit_of_the_day_and_disabled_outside_their_time() -> None:
    office_file = moved_room()
    assert as_of(office_file, LAST).people["minh"].unit_id == "KT"
    assert as_of(office_file, FIRST).people["minh"].unit_id == "KTTH"
    away = file(people=people(hoa={"valid_from": "2026-01-01", "valid_to": "2026-01-31"}))
    days = (date(2025, 12, 31), date(2026, 1, 1), date(2026, 1, 31), date(2026, 2, 1))
    assert [as_of(away, day).people["hoa"].disabled for day in days] == [True, False, False, True]


def test_an_old_code_or_name_is_who_goes_on_that_day() -> None:
    issuers = file(issuers=MERGED).issuers

    def found(said: str, day: date) -> str | None:
        row = resolve(issuers, said, day)
        return row.id if row else None

    assert [found("skhdt", day) for day in (LAST, FIRST)] == ["skhdt", "stc"]
    assert [found("sở  kế hoạch", day) for day in (LAST, FIRST)] == ["skhdt", "stc"]
    assert [found("STCVG", day) for day in (LAST, FIRST)] == ["stc", "stc"]
    assert found("Sở Vũ trụ", FIRST) is None


def test_a_name_that_is_used_again_is_who_has_it_today() -> None:
    again: list[dict[str, Any]] = [
        {"id": "a", "name": "Phòng Mới", "old_names": ["Phòng Cũ"]},
        {"id": "b", "name": "Phòng Cũ"},
    ]
    row = resolve(file(units=units(*again)).units, "Phòng Cũ", FIRST)
    assert row is not None
    assert row.id == "b"


def test_what_has_ended_without_a_successor_is_nobody() -> None:
    ended = [{**MERGED[1], "id": "x", "old_names": [], "valid_to": "2025-06-30"}]
    assert resolve(file(issuers=ended).issuers, "x", FIRST) is None


def test_successors_do_not_go_round_and_come_after_an_end() -> None:
    rounds = [{**MERGED[0], "successor": "stc"}, {**MERGED[1], "valid_to": "2025-12-31", "successor": "skhdt"}]
    assert set(faults(issuers=rounds)) == {"/issuers/0/successor", "/issuers/1/successor"}
    assert "valid_to" in faults(issuers=[{**MERGED[0], "valid_to": None}, MERGED[1]])["/issuers/0/successor"]
    assert set(faults(issuers=[MERGED[0]])) == {"/issuers/0/successor"}


def test_rows_of_one_id_do_not_overlap() -> None:
    said = faults(deadlines=[LAW, {**LAWS[1], "valid_from": "2025-06-30"}])
    assert list(said) == ["/deadlines/1"]
    assert "2025-06-30" in said["/deadlines/1"]


def test_a_time_that_ends_before_it_begins_is_told() -> None:
    assert set(faults(issuers=[{**MERGED[1], "valid_from": "2026-01-02", "valid_to": "2026-01-01"}])) == {
        "/issuers/0/valid_to"
    }


def test_nobody_stays_in_a_unit_that_has_ended() -> None:
    said = faults(units=units(KT={"valid_to": "2025-06-30"}))
    assert {each for each in said if each.startswith("/people")} == {"/people/11/unit", "/people/12/unit"}
    assert "2025-07-01" in said["/people/12/unit"]


def test_whom_and_what_a_row_names_must_be_there() -> None:
    unknown = {
        "position": "x",
        "competences": [{"matter": "x", "level": 1}],
        "delegations": [
            {"to_person_id": "clerk", "first_day": "2026-01-02", "last_day": "2026-01-01", "matters": ["x"]},
            {"to_person_id": "x", "first_day": "2026-01-01", "last_day": "2026-01-01", "unit_ids": ["x"]},
        ],
    }
    said = faults(
        people=people(clerk=unknown),
        portfolios=[{"unit": "x", "leader": "x"}],
        units=units(NC={"parent": "x"}, KT={"parent": "KT"}),
        matters=[{"id": "m", "name": "M", "deadline": "x"}],
        catalogues={},
    )
    mine = "/people/0"
    assert set(said) == {
        f"{mine}/position",
        f"{mine}/competences/0/matter",
        *(f"{mine}/delegations/0/{each}" for each in ("to_person_id", "last_day", "matters/0")),
        *(f"{mine}/delegations/1/{each}" for each in ("to_person_id", "unit_ids/0")),
        *("/portfolios/0/unit", "/portfolios/0/leader", "/units/1/parent", "/units/2/parent", "/matters/0/deadline"),
    }


def test_a_rule_names_a_matter_that_is_there() -> None:
    table = rules()
    table["nodes"][1]["content"]["outputs"].append({"id": "about", "field": "matter", "name": "about"})
    table["nodes"][1]["content"]["rules"][0]["about"] = '"x"'
    table["nodes"][1]["content"]["rules"][1]["about"] = '"dat-dai"'
    assert set(faults(rules=table)) == {"/rules/nodes/1/content/rules/0/about"}


def test_a_list_stands_only_in_one_place() -> None:
    assert set(faults(matters=[{"id": "m", "name": "M"}])) == {"/catalogues/matters"}


def test_hours_do_not_run_into_each_other() -> None:
    shifts = [{"begins": "07:00", "ends": "12:00"}, {"begins": "11:00", "ends": "10:00", "valid_from": "2026-04-16"}]
    assert set(faults(calendar={"shifts": shifts})) == {"/calendar/shifts/1", "/calendar/shifts/1/ends"}


def test_the_law_of_the_day_is_the_deadline_of_the_day() -> None:
    office_file = file(deadlines=LAWS, matters=[{"id": "don", "name": "Đơn", "deadline": "kn"}], catalogues={})
    before, after = (as_of(office_file, day) for day in (LAST, FIRST))
    assert (before.deadlines["kn"].legal_ref, before.deadlines["kn"].limit) == ("Luật cũ", Limit(10, Unit.WORKING_DAY))
    assert (after.deadlines["kn"].legal_ref, after.deadlines["kn"].limit) == ("Luật mới", Limit(7, Unit.WORKING_DAY))
    assert after.matters["don"].deadline_id == "kn"


def test_a_limit_that_is_not_extendable_may_be_moved_never() -> None:
    rows = [{**LAWS[1], "extendable": False}, {**LAWS[1], "id": "b"}, {**LAWS[1], "id": "c", "most_extensions": 2}]
    found = as_of(file(deadlines=rows), FIRST).deadlines
    assert [found[each].most_moves for each in ("kn", "b", "c")] == [0, None, 2]
    assert set(faults(deadlines=[{**rows[0], "most_extensions": 1}])) == {"/deadlines/0/most_extensions"}


def test_hours_positions_portfolios_and_competences_are_those_of_the_day() -> None:
    dated = {"valid_from": "2025-07-01"}
    office_file = file(
        people=people(hoa={"position": "cv", "competences": [{"matter": "dat-dai", "level": 2, **dated}]}),
        positions=[
            {"id": "cv", "name": "Chuyên viên", "valid_to": "2025-06-30"},
            {"id": "cv", "name": "Cao cấp", **dated},
        ],
        portfolios=[
            {"unit": "NC", "leader": "leader", "valid_to": "2025-06-30"},
            {"unit": "NC", "leader": "leader-two", **dated},
        ],
        calendar={
            "half_days": [{"day": "2026-02-13", "worked": "morning"}],
            "shifts": [
                {"begins": "08:00", "ends": "12:00", "valid_to": "2025-06-30"},
                {"begins": "07:00", "ends": "11:00", **dated},
            ],
        },
    )
    before, after = (as_of(office_file, day) for day in (LAST, FIRST))
    assert [each.people["hoa"].position for each in (before, after)] == ["Chuyên viên", "Cao cấp"]
    assert [each.people["hoa"].competences for each in (before, after)] == [
        (),
        (Competence(matter="dat-dai", level=2),),
    ]
    assert [each.units["NC"].leader_person_id for each in (before, after)] == ["leader", "leader-two"]
    assert after.calendar.shifts == (Shift.model_validate({"begins": "07:00", "ends": "11:00"}),)
    assert after.calendar.half_days[0].worked is Half.MORNING


def test_catalogues_say_what_holds_on_the_day() -> None:
    said = as_of(file(issuers=MERGED), FIRST).catalogues["issuers"]
    assert [(each.code, each.level) for each in said] == [("stc", "locality")]


def test_the_next_turn_is_the_first_day_that_differs() -> None:
    office_file = moved_room()
    assert next_turn(office_file, date(2024, 1, 1)) == FIRST
    assert next_turn(office_file, FIRST) is None
    assert next_turn(file(), FIRST) is None
    assert turned(office_file, LAST, FIRST)
    assert not turned(office_file, date(2024, 1, 1), LAST)


def test_a_new_day_says_what_it_changes_once() -> None:
    office_file = moved_room()
    known = states_of(office_file, LAST)
    changes = changes_of_day(known, office_file, LAST, FIRST)
    assert {each.id for each in changes} == {"KT", "KTTH", "minh", "head-kt"}
    now = {**known, **{(each.kind, each.id): each.after for each in changes}}
    assert changes_of_day(now, office_file, LAST, FIRST) == []
    assert changes_of_day(now, office_file, FIRST, date(2025, 7, 2)) == []


def test_a_new_day_leaves_alone_what_was_recovered_from_after_the_last_load() -> None:
    office_file = moved_room()
    newer = {**states_of(office_file, LAST)["person", "hoa"], "name": "Hoa mới"}
    known = {**states_of(office_file, LAST), ("person", "hoa"): newer, ("person", "new"): newer}
    assert {each.id for each in changes_of_day(known, office_file, LAST, FIRST)} == {"KT", "KTTH", "minh", "head-kt"}


def test_what_nothing_shows_today_is_still_a_change_of_the_file() -> None:
    before, after = file(), file(deadlines=[LAWS[1]])
    known = {**states_of(before, FIRST), THE_FILE: content_of(before)}
    assert [str(each) for each in difference(known, after, FIRST)] == ["~ file: deadlines (+1 −0 rows)"]
    assert difference({**known, THE_FILE: content_of(after)}, after, FIRST) == []


def test_an_office_from_before_there_were_files_changes_by_its_file_only() -> None:
    old = {
        key: {name: value for name, value in state.items() if name not in {"competences", "position", "shifts"}}
        for key, state in states_of(file(), FIRST).items()
    }
    (change,) = difference({**old, THE_FILE: {}}, file(), FIRST)
    assert str(change) == "~ file: kept from now on with its history"


def test_a_persons_own_lists_hold_whichever_row_they_stand_in() -> None:
    minh = {"id": "minh", "name": "minh", "unit": "KT", "valid_from": "2025-07-01", "absences": [
        {"first_day": "2026-03-02", "last_day": "2026-03-02"}]}  # fmt: skip
    office_file = file(people=[*people(minh={"valid_to": "2025-06-30"}), minh])
    assert [len(as_of(office_file, day).people["minh"].absences) for day in (LAST, FIRST)] == [1, 1]
    assert judged(json.dumps(content_of(office_file))) == office_file
