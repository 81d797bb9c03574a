"""Who gets a document, one circumstance changed at a time."""

from datetime import date
from typing import Any

import pytest

from services.events import Absence
from services.routing.deadline import Basis
from services.routing.decision import Decision, Lost, Nobody, decide, without_office
from services.routing.roster import Matched, OfficeView, facts_of, symbol_suffix
from services.routing.workload import Load, LoadBook
from tests.routing.small_office import document, view

TODAY = date(2026, 3, 2)
AWAY = (Absence(first_day=TODAY, last_day=TODAY),)


def decided(
    loads: dict[str, Load] | None = None, office: OfficeView | None = None, today: date = TODAY, **changes: Any
) -> Decision:
    office = office or view()
    facts = facts_of(document("d", **changes))
    return decide(facts, office.match(facts), office, LoadBook(loads), today)


def lost(decision: Decision) -> dict[str, str | None]:
    return {each.person_id: each.lost for each in decision.reason.candidates}


def test_the_matched_row_names_the_unit_and_is_kept_with_the_decision() -> None:
    decision = decided()
    assert (decision.lead_unit_id, decision.lead_person_id) == ("NC", "hoa")
    reason = decision.reason
    assert (reason.rules_version, reason.row_id, reason.row_index, reason.row_name) == (
        1,
        "petition",
        0,
        "row petition",
    )


def test_the_least_loaded_leads() -> None:
    decision = decided({"hoa": Load(2, 2), "lan": Load(1, 9)})
    assert decision.lead_person_id == "lan"
    assert lost(decision) == {"hoa": Lost.MORE_OPEN, "lan": None, "head-nc": Lost.HEAD_IS_LAST_RESORT}


def test_of_equally_loaded_the_one_with_fewer_in_all_leads() -> None:
    decision = decided({"hoa": Load(1, 5), "lan": Load(1, 4)})
    assert decision.lead_person_id == "lan"
    assert lost(decision)["hoa"] == Lost.MORE_IN_ALL


def test_of_quite_equal_people_the_first_id_leads() -> None:
    decision = decided()
    assert lost(decision) == {"hoa": None, "lan": Lost.LATER_ID, "head-nc": Lost.HEAD_IS_LAST_RESORT}


def test_an_absent_person_is_passed_over_on_the_days_of_the_absence_only() -> None:
    office = view(hoa=AWAY)
    assert decided(office=office).lead_person_id == "lan"
    assert lost(decided(office=office))["hoa"] == Lost.ABSENT
    assert decided(office=office, today=date(2026, 3, 3)).lead_person_id == "hoa"
    assert decided(office=office, today=date(2026, 3, 1)).lead_person_id == "hoa"


def test_a_disabled_person_is_no_candidate() -> None:
    office = view()
    people = {**office.people, "hoa": office.people["hoa"].model_copy(update={"disabled": True})}
    office = OfficeView(**{**vars_of(office), "people": people})
    assert "hoa" not in lost(decided(office=office))


def vars_of(office: OfficeView) -> dict[str, Any]:
    return {name: getattr(office, name) for name in office.__dataclass_fields__}


def test_a_person_whom_it_concerns_never_leads() -> None:
    decision = decided(conflicted_person_ids=("hoa",))
    assert decision.lead_person_id == "lan"
    assert lost(decision)["hoa"] == Lost.CONFLICT


def test_the_head_leads_when_no_specialist_can() -> None:
    decision = decided(office=view(lan=AWAY), conflicted_person_ids=("hoa",))
    assert decision.lead_person_id == "head-nc"
    assert lost(decision) == {"hoa": Lost.CONFLICT, "lan": Lost.ABSENT, "head-nc": None}


def test_it_waits_on_the_clerks_list_when_the_head_cannot_either() -> None:
    decision = decided(office=view(hoa=AWAY, lan=AWAY), conflicted_person_ids=("head-nc",))
    assert (decision.lead_unit_id, decision.lead_person_id) == (None, None)
    assert decision.reason.nobody == Nobody.NO_PERSON
    assert decision.coordinators == ()


def test_without_a_row_or_a_unit_or_an_office_it_waits_on_the_clerks_list() -> None:
    office, facts = view(), facts_of(document("d"))
    loads = LoadBook()
    assert decide(facts, None, office, loads, TODAY).reason.nobody == Nobody.NO_RULE
    gone = Matched("r", 0, "r", "XX")
    assert decide(facts, gone, office, loads, TODAY).reason.nobody == Nobody.NO_UNIT
    assert without_office(facts).reason.nobody == Nobody.NO_OFFICE


def test_coordinating_units_are_told_through_their_heads() -> None:
    people = {each.unit_id: each.person_id for each in decided().coordinators}
    assert people == {"KT": "head-kt", "TH": "head-th"}


def test_a_head_who_is_away_or_concerned_is_stood_in_for() -> None:
    people = {each.unit_id: each.person_id for each in decided(office=view(**{"head-kt": AWAY})).coordinators}
    assert people["KT"] == "minh"
    concerned = decided(conflicted_person_ids=("head-kt", "minh")).coordinators
    assert {each.unit_id: each.person_id for each in concerned}["KT"] is None


def test_a_unit_never_coordinates_with_itself() -> None:
    office, facts = view(), facts_of(document("d"))
    matched = Matched("r", 0, "r", "NC", ("NC", "KT", "KT"))
    decision = decide(facts, matched, office, LoadBook(), TODAY)
    assert [each.unit_id for each in decision.coordinators] == ["KT"]


def test_only_a_restricted_document_has_a_deciding_leader_and_never_one_it_concerns() -> None:
    assert decided().deciding_person_id is None
    assert decided(restricted=True).deciding_person_id == "leader"
    assert decided(restricted=True, conflicted_person_ids=("leader",)).deciding_person_id == "leader-two"


def test_due_dates_come_from_the_document_then_the_row_then_the_office() -> None:
    written = decided(due_on=date(2016, 2, 20))
    assert (written.due_on, written.reason.due and written.reason.due.basis) == (date(2016, 2, 20), Basis.WRITTEN)
    ruled = decided()
    assert ruled.due_on == date(2016, 2, 22)  # Tết, then the office's own day off on the 15th, then five days
    assert ruled.reason.due
    assert ruled.reason.due.basis == Basis.RULE
    default = decided(kind="cong_van")
    assert default.due_on == date(2016, 2, 24)
    assert default.reason.due
    assert default.reason.due.basis == Basis.OFFICE


@pytest.mark.parametrize(
    ("symbol", "suffix"),
    [
        ("123/UBND-NC", "NC"),
        ("UBND-nc ", "NC"),
        ("15/QĐ-UBND", "UBND"),
        ("05-KL/TU", "KL/TU"),
        ("123", ""),
        (None, ""),
    ],
)
def test_the_symbols_last_part_is_what_follows_its_last_hyphen(symbol: str | None, suffix: str) -> None:
    assert symbol_suffix(symbol) == suffix


def test_rules_see_no_subject_of_a_restricted_document() -> None:
    assert facts_of(document("d", subject="Đơn Tố Cáo")).subject == "đơn tố cáo"
    assert facts_of(document("d", subject="x", restricted=True)).subject == ""
