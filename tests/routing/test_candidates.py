"""Who is chosen, with one input flipped at a time; and what never happens, whatever the inputs."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.events import Absence, AbsenceKind, Competence, Delegation, Half
from services.routing.candidates import Lost
from services.routing.decision import Decision, decide
from services.routing.facts import CoordinatingUnit, Matched, facts_of
from services.routing.presence import away, half_looked_at
from services.routing.roster import Matter
from services.routing.wording import Worded, worded
from services.routing.workload import NEVER, Load, LoadBook, Received
from tests.routing.small_office import MOMENT, STAFF, document, view, with_people

TODAY = MOMENT.today
MATTER = "dat-dai"
AWAY = (Absence(first_day=TODAY, last_day=TODAY),)
ROW = Matched("petition", 0, "Đơn thư", "NC", (CoordinatingUnit("KT"), CoordinatingUnit("TH")), 5, matter=MATTER)


@dataclass(frozen=True)
class Inputs:
    """All that a decision looks at. As they are here, hoa leads."""

    people: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    loads: Mapping[str, Load] = field(default_factory=dict)
    received: Mapping[str, Received] = field(default_factory=dict)
    matched: Matched | None = ROW
    document: Mapping[str, Any] = field(default_factory=dict)
    office: Mapping[str, Any] = field(default_factory=dict)

    def decided(self) -> Decision:
        office = replace(with_people(view(), **self.people), matters={MATTER: Matter(MATTER, "Đất đai")}, **self.office)
        facts = facts_of(document("d", **{"arrived_on": TODAY, **self.document}))
        return decide(facts, self.matched, office, LoadBook(self.loads, self.received), MOMENT)

    def words(self) -> Worded:
        decision = self.decided()
        return worded(decision.reason, decision.lead_person_id, decision.matter, view())


def absent(kind: AbsenceKind = AbsenceKind.LEAVE, half: Half | None = None) -> dict[str, Any]:
    return {"absences": (Absence(first_day=TODAY, last_day=TODAY, kind=kind, half=half),)}


def delegating(**changes: Any) -> dict[str, Any]:
    said = Delegation(**{"to_person_id": "minh", "first_day": TODAY, "last_day": TODAY, **changes})
    return {**absent(), "delegations": (said,)}


def alone(**people: Any) -> dict[str, Any]:
    """NC without lan, so that whoever acts for hoa is the only one beside the head."""
    return {"lan": absent(), **people}


COMPETENT = {"competences": (Competence(matter=MATTER, level=2),)}
FLIPPED: dict[str, tuple[Inputs, str, dict[str, Lost | None], str, str]] = {
    "competence": (Inputs(people={"lan": COMPETENT}), "lan", {"hoa": Lost.LESS_COMPETENT}, "chuyên môn thấp hơn", "less competent"),
    "load": (Inputs(loads={"hoa": Load(1, 1, due={NEVER: 2})}), "lan", {"hoa": Lost.MORE_BURDENED}, "khối lượng công việc lớn hơn (0,5,", "more to do (0.5;"),
    "received": (Inputs(received={"hoa": Received({"2026-W10": 3})}), "lan", {"hoa": Lost.MORE_RECEIVED}, "nhiều văn bản hơn", "more in the last four weeks (3;"),
    "received long ago": (Inputs(received={"hoa": Received({"2026-W06": 3}, "2026-02-03")}), "lan", {"hoa": Lost.MORE_RECENTLY}, "gần đây hơn (03/02/2026", "later (3 February 2026"),
    "nothing": (Inputs(), "hoa", {"lan": Lost.LATER_ID}, "mã nhân sự", "later by person id"),
    "leave": (Inputs(people={"hoa": absent()}), "lan", {"hoa": Lost.ABSENT}, "vì nghỉ phép;", "not chosen: on leave;"),
    "travel": (Inputs(people={"hoa": absent(AbsenceKind.TRAVEL)}), "lan", {"hoa": Lost.ABSENT}, "vì đi công tác", "travelling"),
    "this morning": (Inputs(people={"hoa": absent(half=Half.MORNING)}), "lan", {"hoa": Lost.ABSENT}, "nghỉ phép buổi sáng", "on leave in the morning"),
    "this afternoon": (Inputs(people={"hoa": absent(half=Half.AFTERNOON)}), "hoa", {"hoa": None}, "hoa: được chọn", "hoa: was chosen"),
    "conflict": (Inputs(document={"conflicted_person_ids": ("hoa",)}), "lan", {"hoa": Lost.CONFLICT}, "có liên quan đến văn bản", "concerned by it"),
    "disabled": (Inputs(people={"hoa": {"disabled": True}}), "lan", {"lan": None}, "lan: được chọn", "lan: was chosen"),
    "delegation": (Inputs(people=alone(hoa=delegating())), "minh", {"minh": None, "hoa": Lost.ABSENT, "head-nc": Lost.HEAD_IS_LAST_RESORT}, "minh (thay hoa theo ủy quyền): được chọn", "minh (for hoa, by delegation): was chosen"),
    "scope of matters": (Inputs(people=alone(hoa=delegating(matters=("y-te",)))), "head-nc", {"minh": Lost.OUT_OF_SCOPE}, "phạm vi ủy quyền", "does not cover"),
    "scope of units": (Inputs(people=alone(hoa=delegating(unit_ids=("KT",)))), "head-nc", {"minh": Lost.OUT_OF_SCOPE}, "phạm vi ủy quyền", "does not cover"),
    "delegate away": (Inputs(people=alone(hoa=delegating(), minh=absent(AbsenceKind.TRAVEL))), "head-nc", {"minh": Lost.ABSENT}, "minh (thay hoa theo ủy quyền): không được chọn vì đi công tác", "not chosen: travelling"),
    "delegate gone": (Inputs(people=alone(hoa=delegating(), minh={"disabled": True})), "head-nc", {"minh": Lost.NOT_AT_WORK}, "không còn làm việc", "does not work in the office"),
    "delegate concerned": (Inputs(people=alone(hoa=delegating()), document={"conflicted_person_ids": ("minh",)}), "head-nc", {"minh": Lost.CONFLICT}, "có liên quan", "concerned"),
    "row": (Inputs(matched=replace(ROW, row_index=7, row_name="Khiếu nại", lead_unit="KT")), "minh", {"minh": None}, "dòng 8 “Khiếu nại” của bảng quy tắc phiên bản 1: giao KT chủ trì", "Row 8, “Khiếu nại”, of version 1"),
    "version of the table": (Inputs(office={"rules_version": 4}), "hoa", {"hoa": None}, "bảng quy tắc phiên bản 4", "of version 4"),
    "date in the document": (Inputs(document={"due_on": date(2026, 3, 20)}), "hoa", {"hoa": None}, "do văn bản đến ấn định", "document itself names the day"),
    "days of the row": (Inputs(matched=replace(ROW, working_days=2)), "hoa", {"hoa": None}, "Hạn xử lý: ngày 04/03/2026", "due on 4 March 2026"),
}  # fmt: skip


@pytest.mark.parametrize("flipped", FLIPPED)
def test_one_input_that_flips_is_named_in_the_reason(flipped: str) -> None:
    inputs, leads, lost, vi, en = FLIPPED[flipped]
    decision, said = inputs.decided(), inputs.words()
    assert decision.lead_person_id == leads
    why = {each.person_id: each.lost for each in decision.reason.candidates}
    assert {person: why[person] for person in lost} == lost
    assert vi in " ".join(said.vi)
    assert en in " ".join(said.en)
    if flipped not in {"nothing", "this afternoon"}:
        assert vi not in " ".join(Inputs().words().vi)
        assert Inputs().decided().reason != decision.reason


def test_a_delegation_counts_only_while_somebody_is_away() -> None:
    people = alone(hoa={**delegating(), "absences": ()})
    assert "minh" not in {each.person_id for each in Inputs(people=people).decided().reason.candidates}
    over = alone(hoa=delegating(first_day=TODAY - timedelta(days=9), last_day=TODAY - timedelta(days=1)))
    assert Inputs(people=over).decided().lead_person_id == "head-nc"


def test_nobody_acts_for_somebody_whom_it_concerns_or_for_a_delegate() -> None:
    concerned = Inputs(people=alone(hoa=delegating()), document={"conflicted_person_ids": ("hoa",)})
    assert concerned.decided().lead_person_id == "head-nc"
    onward = delegating(to_person_id="thu")
    assert Inputs(people=alone(hoa=delegating(), minh=onward)).decided().lead_person_id == "head-nc"


def test_a_delegate_is_weighed_with_the_members_who_are_here() -> None:
    people = {"hoa": delegating(), "minh": COMPETENT}
    decision = Inputs(people=people).decided()
    assert (decision.lead_unit_id, decision.lead_person_id) == ("NC", "minh")
    assert Inputs(people={"hoa": delegating(), "lan": COMPETENT}).decided().lead_person_id == "lan"


def test_whoever_acts_for_the_head_is_the_last_resort_too() -> None:
    people = alone(hoa=absent(), head_nc=delegating(to_person_id="thu"))
    assert Inputs(people=people).decided().lead_person_id == "thu"


def test_a_head_whose_delegation_does_not_reach_it_still_is_the_last_resort() -> None:
    people = alone(hoa=delegating(to_person_id="head-nc", unit_ids=("KT",)))
    decision = Inputs(people=people).decided()
    assert decision.lead_person_id == "head-nc"
    assert [each.person_id for each in decision.reason.candidates].count("head-nc") == 1


def test_a_document_of_an_earlier_day_is_given_to_whoever_is_here_in_any_half() -> None:
    people = {"hoa": absent(half=Half.MORNING)}
    earlier = {"arrived_on": TODAY - timedelta(days=1)}
    assert Inputs(people=people).decided().lead_person_id == "lan"
    assert Inputs(people=people, document=earlier).decided().lead_person_id == "hoa"


def test_competence_for_another_matter_or_without_one_weighs_nothing() -> None:
    people = {"lan": COMPETENT}
    assert Inputs(people=people, matched=replace(ROW, matter="y-te")).decided().lead_person_id == "hoa"
    assert Inputs(people=people, matched=replace(ROW, matter=None)).decided().lead_person_id == "hoa"


def test_whoever_leads_is_no_co_ordinator() -> None:
    people = alone(hoa=delegating(to_person_id="head-kt"))
    decision = Inputs(people=people).decided()
    assert decision.lead_person_id == "head-kt"
    assert {each.unit_id: each.person_id for each in decision.coordinators} == {"KT": "minh", "TH": "head-th"}


ABSENCES = st.builds(
    Absence,
    first_day=st.just(TODAY),
    last_day=st.just(TODAY),
    half=st.sampled_from([None, *Half]),
    kind=st.sampled_from(AbsenceKind),
)
DELEGATIONS = st.builds(
    Delegation,
    to_person_id=st.sampled_from([*STAFF, "gone"]),
    first_day=st.just(TODAY),
    last_day=st.just(TODAY),
    matters=st.sampled_from([(), (MATTER,), ("y-te",)]),
    unit_ids=st.sampled_from([(), ("NC",), ("KT",)]),
)
PEOPLE = st.fixed_dictionaries(
    {
        "absences": st.lists(ABSENCES, max_size=2).map(tuple),
        "delegations": st.lists(DELEGATIONS, max_size=2).map(tuple),
        "competences": st.sampled_from(
            [(), (Competence(matter=MATTER, level=1),), (Competence(matter=MATTER, level=3),)]
        ),
        "disabled": st.booleans(),
    }
)


@settings(max_examples=80, deadline=None)
@given(
    people=st.dictionaries(st.sampled_from([each.replace("-", "_") for each in STAFF]), PEOPLE),
    concerned=st.lists(st.sampled_from([*STAFF]), max_size=4).map(tuple),
    opens=st.dictionaries(st.sampled_from([*STAFF]), st.integers(0, 9)),
    arrived_on=st.sampled_from([TODAY, TODAY - timedelta(days=1)]),
)
def test_who_is_chosen_is_never_away_concerned_or_gone(
    people: dict[str, Any], concerned: tuple[str, ...], opens: dict[str, int], arrived_on: date
) -> None:
    loads = {person: Load(open, open, due={NEVER: 2 * open} if open else {}) for person, open in opens.items()}
    said = {"arrived_on": arrived_on, "conflicted_person_ids": concerned}
    decision = Inputs(people=people, loads=loads, document=said).decided()
    office, half = with_people(view(), **people), half_looked_at(facts_of(document("d", **said)), MOMENT)

    def is_free(id: str) -> bool:
        person = office.people[id]
        return not (person.disabled or id in concerned or away(person, TODAY, half))

    leads_and_others = [decision.lead_person_id, *(each.person_id for each in decision.coordinators)]
    named = [each for each in leads_and_others if each is not None]
    assert all(map(is_free, named))
    assert len(named) == len(set(named))
    chosen = [each.person_id for each in decision.reason.candidates if each.lost is None]
    assert chosen == ([decision.lead_person_id] if decision.lead_person_id else [])
    members = [each.person_id for each in office.workers("NC")] + ["head-nc"]
    assert decision.lead_person_id or not any(map(is_free, members))
    looked_at = [each.person_id for each in decision.reason.candidates]
    assert len(looked_at) == len(set(looked_at))
