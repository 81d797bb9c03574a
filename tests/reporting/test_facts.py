"""What a document is to the reports in each state of its work."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from services.events import AssignmentStatus
from services.reporting.answers import fact_answer
from services.reporting.facts import Fact, fact_of, part_of
from services.reporting.tally import handling_marks
from tests.offices import HA_TINH
from tests.reporting.saying import assigned, received

ARRIVED, DUE = date(2016, 2, 5), date(2016, 2, 22)
S = AssignmentStatus


def fact(status: S = S.ASSIGNED, **more: Any) -> Fact:
    events = [received("d", ARRIVED), assigned("d", "NC", "hoa", status=status, **{"due_on": DUE, **more})]
    parts = dict(part for each in events if (part := part_of(each)))
    return fact_of(HA_TINH, "d", parts)


@pytest.mark.parametrize("status", [S.ASSIGNED, S.ACCEPTED, S.IN_PROGRESS, S.WAITING])
def test_open_work_is_its_units_and_persons_in_every_state(status: S) -> None:
    found = fact(status)
    assert (found["unit"], found["person"], found["due_on"]) == ("NC", "hoa", "2016-02-22")


@pytest.mark.parametrize("status", [S.PROPOSED, S.UNASSIGNED, S.RETURNED])
def test_what_nobody_has_is_nobodys_in_the_reports(status: S) -> None:
    assert fact(status)["unit"] == "unassigned"


def test_work_whose_clock_stands_is_within_its_time_and_has_a_deadline_that_nobody_knows() -> None:
    waiting = fact(S.WAITING, due_on=None, stopped_at=datetime(2016, 2, 17, 3, tzinfo=UTC))
    marks = handling_marks(waiting["arrived_on"], waiting["due_on"], None)
    assert ("2016-02-05", "new_due") in marks
    assert max(day for day, _ in marks) > "9990"
    answer = fact_answer({**waiting, "counts": True})
    assert (answer.due_on, answer.waits) == (None, True)


def test_work_that_waits_past_its_day_is_late_all_the_same() -> None:
    late = fact(S.WAITING, due_on=DUE, stopped_at=datetime(2016, 2, 25, 3, tzinfo=UTC))
    assert late["due_on"] == "2016-02-22"
    assert not fact_answer({**late, "counts": True}).waits


def test_finished_work_is_judged_by_the_day_that_its_net_clock_gave_it() -> None:
    done = fact(S.COMPLETED, due_on=date(2016, 3, 4), completed_on=date(2016, 3, 1))
    assert done["on_time"] is True
    assert fact(S.COMPLETED, completed_on=date(2016, 3, 1))["on_time"] is False
