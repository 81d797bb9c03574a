"""Office files damaged at random: loaded and then decided by, or refused with a list of places and reasons."""

import copy
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.events import Kind, PersonState, UnitState
from services.routing.decision import decide
from services.routing.faults import OfficeFaulty
from services.routing.loading import judged
from services.routing.office import OfficeFile, difference, states_of
from services.routing.roster import Facts, OfficeView
from services.routing.rules import MOST_CHARACTERS, compiled
from services.routing.workload import LoadBook
from services.worktime import Calendar
from tests.bad_input.budget import Account
from tests.bad_input.mutating import JSON_VALUES, damaged, leads_somewhere
from tests.routing.small_office import office, row, rules

pytestmark = pytest.mark.timeout(3600)
ACCOUNT = Account("office file")
DEMO: dict[str, Any] = json.loads((Path("services/demo/office.json")).read_text())
TODAY = date(2026, 3, 2)


def read(said: Any) -> OfficeFile | None:
    """None for a file that is refused in words that people can follow; every other outcome fails the test."""
    text = said if isinstance(said, bytes) else json.dumps(said).encode()
    try:
        file = judged(text)
    except OfficeFaulty as refused:
        ACCOUNT.count(text, accepted=False)
        check_faults(refused, said)
        return None
    ACCOUNT.count(text, accepted=True)
    return file


def check_faults(refused: OfficeFaulty, said: Any) -> None:
    assert refused.faults
    for fault in refused.faults:
        assert fault.detail
        assert "backtrace" not in str(fault)
        assert len(str(fault)) < 3 * MOST_CHARACTERS
        assert isinstance(said, bytes) or leads_somewhere(fault.pointer, said), fault.pointer


def can_be_decided_by(file: OfficeFile) -> None:
    """Loaded, its table compiled, and a decision taken of each document that it may meet."""
    states = states_of(file)
    assert difference({}, file)
    assert difference(states, file) == [] or any(each.kind == "person" for each in difference(states, file))
    view = view_of(file)
    for facts in (
        Facts(kind=Kind.PETITION, subject="đơn khiếu nại về đất đai", arrived_on=TODAY),
        Facts(kind=Kind.CONG_VAN, symbol_suffix="NC", arrived_on=TODAY, restricted=True),
    ):
        decision = decide(facts, view.match(facts), view, LoadBook(), TODAY)
        assert decision.due_on >= TODAY if decision.due_on else True
        assert decision.lead_person_id in view.people or decision.reason.nobody


def view_of(file: OfficeFile) -> OfficeView:
    units = {
        each.id: UnitState(unit_id=each.id, name=each.name, symbol=each.symbol, head_person_id=each.head)
        for each in file.units
    }
    people = {
        each.id: PersonState(
            person_id=each.id,
            name=each.name,
            unit_id=each.unit,
            roles=each.roles,
            absences=each.absences,
            disabled=each.disabled,
        )
        for each in file.people
    }
    calendar = Calendar.of(file.calendar.days_off, file.calendar.working_days)
    return OfficeView(file.office, 1, 1, units, people, calendar, file.default_working_days, compiled(file.rules))


NAMES = st.text(st.characters(categories=["L", "N", "Zs", "P", "S"]), min_size=1, max_size=300).filter(str.strip)
IDS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", fullmatch=True)
DAYS = st.lists(st.dates(date(2000, 1, 1), date(2049, 12, 31)).map(date.isoformat), max_size=5, unique=True)


@st.composite
def changed(draw: Any) -> dict[str, Any]:
    """An office file as an administrator might write the next one: other names, days, people away."""
    file: dict[str, Any] = copy.deepcopy(draw(st.sampled_from([DEMO, office()])))
    file["name"] = draw(NAMES)
    file["default_working_days"] = draw(st.integers(1, 366))
    file["calendar"] = {"days_off": draw(DAYS), "working_days": []}
    for person in draw(st.lists(st.sampled_from(file["people"]), max_size=3)):
        person["name"] = draw(NAMES)
        person["absences"] = [{"first_day": "2026-01-01", "last_day": "2026-12-31"}]
    for each in draw(st.lists(IDS, max_size=3)):
        file["catalogues"][each] = [{"code": draw(NAMES), "name": draw(NAMES)}]
    return file


@ACCOUNT.plan(0.55)
@given(changed())
def test_what_makes_sense_is_loaded_and_decided_by(said: dict[str, Any]) -> None:
    file = read(said)
    assert file is not None
    can_be_decided_by(file)


TABLE = "/rules/nodes/1/content"
PARTS = [DEMO, office(), office(rules=rules([row("petition", "NC", kind='"petition"', days="5"), row("rest", "TH")]))]


@ACCOUNT.plan(0.2)
@given(st.sampled_from(PARTS).flatmap(damaged))
def test_a_damaged_file_is_loaded_or_refused_with_places_and_reasons(said: Any) -> None:
    file = read(said)
    if file is not None:
        can_be_decided_by(file)


@ACCOUNT.plan(0.2)
@given(damaged(rules()))
def test_a_damaged_table_is_loaded_or_refused_with_places_and_reasons(table: Any) -> None:
    file = read(office(rules=table))
    if file is not None:
        can_be_decided_by(file)


CELLS = st.one_of(
    st.text(max_size=60),
    st.text(st.sampled_from("()[]{}\"'$.,<>=!&|?:+-*/0129 andornotincontains#\\\n"), max_size=60),
    JSON_VALUES,
)


@ACCOUNT.plan(0.05)
@given(st.sampled_from(["kind", "suffix", "lead", "others", "days", "_id", "_description"]), CELLS)
def test_any_cell_at_all_is_judged(cell: str, said: Any) -> None:
    bad = {**row("first", "NC"), "kind": '"petition"', cell: said}
    file = read(office(rules=rules([bad, row("rest", "TH")])))
    if file is not None:
        can_be_decided_by(file)


DEEP = 100_000


@pytest.mark.parametrize(
    "text", ["{a:" * DEEP + "1" + "}" * DEEP, "(" * DEEP + "1" + ")" * DEEP, "[" * DEEP, '"' * DEEP]
)
@pytest.mark.parametrize("cell", ["kind", "lead", "others", "days", "_description"])
def test_a_cell_that_would_end_the_process_is_refused(cell: str, text: str) -> None:
    table = rules([{**row("first", "NC", kind='"petition"'), cell: text}, row("rest", "TH")])
    assert read(office(rules=table)) is None


@pytest.mark.parametrize("part", ["inputs", "outputs", "rules"])
@pytest.mark.parametrize("said", ["x", 1, None, ["x"], {"field": ["a"], "id": {}}, {"_id": ["a"]}])
def test_columns_and_rows_that_are_none_are_refused(part: str, said: Any) -> None:
    table = rules()
    table["nodes"][1]["content"][part].append(said)
    assert read(office(rules=table)) is None


@pytest.mark.parametrize("name", ["inputField", "outputPath", "executionMode"])
def test_an_expression_anywhere_in_the_table_is_short(name: str) -> None:
    table = rules()
    table["nodes"][1]["content"][name] = "{a:" * DEEP + "1" + "}" * DEEP
    assert read(office(rules=table)) is None


@pytest.mark.parametrize(
    "text",
    [b"", b"\x00", b"\xff\xfe", b"[" * 100_000, b'{"office":' * 9_000, b'{"office":"\xed\xa0\x80"}', b"nan", b"1e999"],
    ids=repr,
)
def test_what_is_no_office_file_is_refused(text: bytes) -> None:
    assert read(text) is None


def test_the_promised_number_of_files_was_read_and_a_third_accepted(
    record_property: Callable[[str, object], None],
) -> None:
    ACCOUNT.settle(record_property)
