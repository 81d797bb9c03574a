"""The reason in sentences: all that is known of it has its words, in both languages."""

import re
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest

from services.events import AbsenceKind, Half
from services.routing.bodies import reason_in_words
from services.routing.candidate_wording import AWAY, HALF, LOST
from services.routing.candidates import Candidate, Lost
from services.routing.deadline import Basis, Clock, DeadlineRule, due
from services.routing.deadline_wording import SKIPPED, UNITS, counted_days, deadline_said
from services.routing.decision import Nobody, Reason
from services.routing.wording import NOBODY, worded
from services.worktime import STOPPED, Calendar, Limit, Off, Stop, Unit
from tests.routing.small_office import received, view
from tests.routing.test_settling import D, Desk

FRIDAY = datetime.combine(date(2026, 3, 6), time(9))
CALENDAR = Calendar.of([date(2026, 3, 11)], [])
RULE = DeadlineRule("khieu-nai", "Thụ lý khiếu nại", Limit(7), "Điều 10 Nghị định 155/2026/NĐ-CP")


def said(clock: Clock) -> tuple[str, str]:
    sentences = list(deadline_said(due(clock, CALENDAR), {RULE.id: RULE.name}))
    return " ".join(each.vi for each in sentences), " ".join(each.en for each in sentences)


def clock(**changes: Any) -> Clock:
    return Clock(**{"basis": Basis.OFFICE, "started_at": FRIDAY, "limit": Limit(4), **changes})


def test_everything_that_can_be_the_reason_has_words() -> None:
    assert LOST.keys() == set(Lost)
    assert NOBODY.keys() == set(Nobody)
    assert AWAY.keys() == set(AbsenceKind)
    assert HALF.keys() == set(Half)
    assert SKIPPED.keys() == {*Off, STOPPED}
    assert UNITS.keys() == set(Unit)


def test_each_day_is_said_to_count_or_not_and_why() -> None:
    vi, en = said(clock())
    assert "Hạn xử lý: ngày 13/03/2026." in vi
    assert "4 ngày làm việc kể từ ngày 06/03/2026, theo quy định chung của cơ quan" in vi
    assert "Các ngày được tính: 09/03/2026, 10/03/2026, 12/03/2026, 13/03/2026." in vi
    assert "Không tính (nghỉ cuối tuần): 07/03/2026, 08/03/2026." in vi
    assert "Không tính (cơ quan nghỉ): 11/03/2026." in vi
    assert "Not counted (the office is closed): 11 March 2026." in en


def test_a_rule_is_named_with_the_law_it_rests_on() -> None:
    vi, en = said(clock(basis=Basis.RULE, limit=RULE.limit, rule_id=RULE.id, legal_ref=RULE.legal_ref))
    assert "theo quy tắc “Thụ lý khiếu nại” (căn cứ Điều 10 Nghị định 155/2026/NĐ-CP)." in vi
    assert "by the rule “Thụ lý khiếu nại” (Điều 10 Nghị định 155/2026/NĐ-CP)." in en


def test_a_day_that_was_written_or_set_is_said_to_be_so_and_counts_no_days() -> None:
    day = date(2026, 3, 20)
    written, moved = (clock(basis=each, limit=None, day=day) for each in (Basis.WRITTEN, Basis.MOVED))
    assert "do văn bản đến ấn định" in said(written)[0]
    assert "do lãnh đạo điều chỉnh" in said(moved)[0]
    assert counted_days(due(written, CALENDAR)) == ()


def test_a_clock_that_stands_has_no_end_and_one_that_stood_names_the_days() -> None:
    since = datetime.combine(date(2026, 3, 9), time(10))
    vi, en = said(clock(stops=(Stop(since),)))
    assert "chưa xác định được ngày đến hạn" in vi
    assert "nobody knows yet" in en
    vi, _ = said(clock(stops=(Stop(since, since + timedelta(days=1)),)))
    assert "Không tính (tạm dừng tính thời hạn): 09/03/2026." in vi


def test_hours_end_at_an_hour() -> None:
    vi, en = said(clock(limit=Limit(3, Unit.HOUR)))
    assert "Hạn xử lý: 14 giờ 00 ngày 06/03/2026." in vi
    assert "3 working hours from 6 March 2026" in en
    assert counted_days(due(clock(limit=Limit(3, Unit.HOUR)), CALENDAR)) == (FRIDAY.date(),)
    assert "1 working day from" in said(clock(limit=Limit(1)))[1]


@pytest.mark.parametrize("nobody", Nobody)
def test_why_nobody_has_it_is_said(nobody: Nobody) -> None:
    found = worded(Reason(nobody=nobody, unit_id="NC"), None, None, view())
    assert len(found.vi) == len(found.en) == 1
    assert ("NC" in found.vi[0]) == (nobody in {Nobody.NO_UNIT, Nobody.NO_PERSON})


def test_a_person_who_decided_is_named() -> None:
    found = worded(Reason(decided_by="leader", unit_id="NC"), "hoa", None, view())
    assert found.vi == ["leader quyết định giao hoa chủ trì."]
    assert worded(Reason(decided_by="leader"), None, None, None).en == ["leader decided last."]


def test_people_units_and_matters_go_by_their_names() -> None:
    office = view()
    hoa = office.people["hoa"].model_copy(update={"name": "Trần Thị Hoa"})
    office = replace(office, people={**office.people, "hoa": hoa})
    candidates = (Candidate("hoa", acts_for="minh"), Candidate("lan", lost=Lost.LATER_ID))
    found = worded(Reason(candidates=candidates, looked_on=date(2026, 3, 2)), "hoa", "Đất đai {0}", office)
    assert "Trần Thị Hoa (thay minh theo ủy quyền): được chọn" in found.vi[1]
    assert "“Đất đai {0}”" in found.vi[0]


@pytest.mark.parametrize("lost", Lost)
def test_no_sentence_has_a_gap(lost: Lost) -> None:
    loser = Candidate("lan", away=AbsenceKind.LEAVE, half=Half.AFTERNOON, lost=lost)
    reason = Reason(candidates=(Candidate("hoa", 3, 1.5, 2, "2026-03-02"), loser), looked_on=date(2026, 3, 2))
    found = worded(reason, "hoa", "dat-dai", view())
    assert len(found.vi) == len(found.en) == 3
    assert not [each for each in (*found.vi, *found.en) if re.search(r"[{}]|None|  ", each)]


def test_the_answer_has_the_reason_as_data_and_in_words() -> None:
    desk = Desk()
    desk.take(received("d"))
    answer = reason_in_words(desk.kept[D], desk.view)
    assert len(answer.vi) == len(answer.en)
    assert {each.person_id: each.lost for each in answer.data.candidates} == {
        "hoa": None, "lan": Lost.LATER_ID, "head-nc": Lost.HEAD_IS_LAST_RESORT,
    }  # fmt: skip
    assert [each.day for each in answer.data.counted] == [16, 17, 18, 19, 22]
    assert answer.model_dump(mode="json")["data"]["due"]["skipped"][0] == {"day": "2016-02-06", "why": "weekend"}
    assert reason_in_words(desk.kept[D], None).vi[0].startswith("Áp dụng dòng 1")
