"""The office's file: every fault at once, and only what differs."""

import json
from pathlib import Path
from typing import Any

import pytest

from services.chassis import auth
from services.policy import Role
from services.routing import office as offices
from services.routing.faults import OfficeFaulty
from services.routing.loading import judged
from services.routing.office import difference, states_of
from tests.routing.small_office import office, row, rules

DEMO = Path(__file__).parents[2] / "services" / "demo" / "office.json"


def faults(**changes: Any) -> dict[str, str]:
    with pytest.raises(OfficeFaulty) as caught:
        judged(json.dumps(office(**changes)))
    return {fault.pointer: fault.detail for fault in caught.value.faults}


def person(id: str = "an", **changes: Any) -> dict[str, Any]:
    return {"id": id, "name": id, "unit": "NC", "roles": ["clerk"], **changes}


def test_copies_are_called_as_sign_in_calls_them() -> None:
    assert (offices.UNIT, offices.PERSON) == (auth.UNIT, auth.PERSON)


def test_every_fault_is_told_at_once_with_its_place() -> None:
    units = [{"id": "NC", "name": "Nội chính", "head": "nobody"}, {"id": "NC", "name": "Nội chính"}]
    people = [person(unit="XX", absences=[{"first_day": "2026-03-02", "last_day": "2026-03-01"}])]
    calendar = {"days_off": ["2026-03-02"], "working_days": ["2026-03-02"]}
    found = faults(units=units, people=people, calendar=calendar, rules=rules([row("default", "YY")]))
    assert set(found) == {
        "/units/0/head",
        "/units",
        "/people/0/unit",
        "/people/0/absences/0",
        "/calendar",
        "/rules/nodes/1/content/rules/0/lead",
    }


def test_people_and_catalogue_entries_stand_there_once() -> None:
    entries = [{"code": "a", "name": "A"}, {"code": "a", "name": "B"}]
    people = [person(), person(), person("head-th"), person("head-nc"), person("head-kt")]
    assert set(faults(people=people, catalogues={"matters": entries})) == {"/people", "/catalogues/matters"}


def test_an_office_without_a_clerk_is_refused() -> None:
    heads = [person(id, roles=[]) for id in ("head-th", "head-nc", "head-kt")]
    assert set(faults(people=heads)) == {"/people"}


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"people": [person(roles=["king"])]}, "/people/0/roles/0"),
        ({"people": [person(id="has space")]}, "/people/0/id"),
        ({"unit": []}, "/unit"),
        ({"default_working_days": 0}, "/default_working_days"),
        ({"units": "none"}, "/units"),
    ],
)
def test_a_value_that_cannot_be_is_told_with_its_place(changes: dict[str, Any], pointer: str) -> None:
    assert pointer in faults(**changes)


def test_what_is_not_json_is_refused() -> None:
    with pytest.raises(OfficeFaulty, match="Invalid JSON"):
        judged("{")


def test_only_what_differs_is_a_change() -> None:
    before = judged(json.dumps(office()))
    known = states_of(before)
    assert difference(known, before) == []
    moved = office()
    moved["people"][7]["absences"] = [{"first_day": "2026-03-02", "last_day": "2026-03-06"}]
    moved["people"] = [each for each in moved["people"] if each["id"] != "minh"]
    moved["default_working_days"] = 5
    changes = difference(known, judged(json.dumps(moved)))
    assert {(each.kind, each.id) for each in changes} == {("office", "hatinh"), ("person", "thu"), ("person", "minh")}
    assert any("disabled: false → true" in str(each) for each in changes)


def test_a_new_office_is_all_change() -> None:
    file = judged(json.dumps(office()))
    changes = difference({}, file)
    assert len(changes) == len(states_of(file))
    assert str(changes[1]) == "+ unit TH: Phòng TH"


def test_who_is_gone_from_the_file_stays_gone_without_a_further_change() -> None:
    file = judged(json.dumps(office()))
    known = {**states_of(file), ("person", "left"): {"person_id": "left", "disabled": False}}
    (gone,) = difference(known, file)
    assert gone.after["disabled"] is True
    assert difference({**known, ("person", "left"): gone.after}, file) == []


def test_the_demos_office_is_sound_and_has_every_role() -> None:
    demo = judged(DEMO.read_bytes())
    assert {role for each in demo.people for role in each.roles} == set(Role)
    assert all(unit.head for unit in demo.units)
    assert demo.office == "vpubnd"
