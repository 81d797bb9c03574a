"""Which incoming document an outgoing one answers, however people write it."""

from datetime import date
from typing import Any

import pytest

from services.events import AssignmentState, AssignmentStatus, Direction
from services.routing.reply import Fate, WhyNot, closed, fate_of, keys_named, keys_of, opened_again, reply_of
from tests.routing.small_office import document
from tests.routing.test_states import state

S = AssignmentStatus
ISSUED = date(2026, 3, 6)


def reply(answers: str | None = "15/QĐ-UBND", **changes: Any) -> Any:
    said = {
        "direction": Direction.OUTGOING,
        "answers": answers,
        "symbol": "12/UBND-NC",
        "document_date": ISSUED,
        "arrived_on": ISSUED,
        **changes,
    }
    return reply_of(document("out", **said), "o", (0, 1))


@pytest.mark.parametrize(
    "written",
    [
        "15/QĐ-UBND",
        "015/QĐ-UBND",
        "15 / qđ - ubnd",
        "15/QD-UBND",
        "Công văn số 15/QĐ-UBND ngày 05/02/2026 của UBND huyện",
        "Trả lời văn bản số: 15/QĐ\u2013UBND",
    ],
)
def test_a_symbol_is_found_in_whatever_way_it_is_written(written: str) -> None:
    assert keys_of("15/QĐ-UBND", "incoming", 2026, 7)[-1] in keys_named(reply(written), "incoming")


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("số đến 123", "incoming 123/2026"),
        ("Số đến: 0123/2025", "incoming 123/2025"),
        ("SĐ 123", "incoming 123/2026"),
        ("số đến 123 (15/QĐ-UBND)", "incoming 123/2026"),
    ],
)
def test_a_number_of_the_book_goes_before_any_symbol(written: str, key: str) -> None:
    assert keys_named(reply(written), "incoming") == [key]


def test_a_qppl_symbol_keeps_its_year_and_another_number_is_another_document() -> None:
    assert keys_of("12/2016/QĐ-UBND", "incoming", 2016, 1)[-1] == "12/2016/QD-UBND"
    assert keys_named(reply("112/QĐ-UBND"), "incoming") != keys_named(reply("12/QĐ-UBND"), "incoming")


@pytest.mark.parametrize("nothing", [None, ""])
def test_what_answers_nothing_is_no_reply(nothing: str | None) -> None:
    assert reply(nothing) is None
    assert reply_of(document("d", answers="15/QĐ-UBND"), "o", (0, 1)) is None


def fate(*candidates: AssignmentState, answers: str = "15/QĐ-UBND") -> Fate:
    answer = reply(answers)
    return fate_of(answer, keys_named(answer, "incoming"), candidates)


def test_the_one_open_document_of_that_symbol_is_closed_and_otherwise_it_is_said_why_not() -> None:
    assert fate(state(S.IN_PROGRESS), state(S.COMPLETED, document_id="e")).closes == "d"
    assert fate(state(S.WAITING)).closes == "d"
    assert fate(state(), state(document_id="e")).why_not is WhyNot.SEVERAL
    assert fate(state(S.COMPLETED)).why_not is WhyNot.NOT_OPEN
    assert fate(state(S.UNASSIGNED)).why_not is WhyNot.NOT_OPEN
    assert fate().why_not is WhyNot.NOT_FOUND
    assert fate(state(S.WITHDRAWN)).why_not is WhyNot.NOT_FOUND
    assert fate(answers="công văn hôm qua").why_not is WhyNot.UNREADABLE
    sealed = state(document=state().document.model_copy(update={"sealed": True}))
    assert fate(sealed).why_not is WhyNot.NOT_OPEN


def test_the_work_ends_on_the_day_of_the_reply_with_its_symbol() -> None:
    done = closed(state(S.IN_PROGRESS), reply())
    assert (done.status, done.completed_on, done.reply) == (S.COMPLETED, ISSUED, "12/UBND-NC")
    early = closed(state(), reply(document_date=date(2026, 1, 5)))
    assert early.completed_on == date(2026, 3, 2)


def test_work_that_ended_with_a_reply_that_was_voided_is_open_again_and_other_work_is_not() -> None:
    done = closed(state(S.IN_PROGRESS), reply())
    again = opened_again(done, reply(), "văn bản trả lời đã hủy")
    assert again is not None
    assert (again.status, again.reply, again.lead_person_id) == (S.ASSIGNED, None, "lan")
    assert opened_again(done, reply(symbol="13/UBND-NC"), "x") is None
    assert opened_again(state(), reply(), "x") is None
