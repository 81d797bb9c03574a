"""What the clock makes of open work: each alarm once, in its order, and none that is too late to matter."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from services.events import (
    AcceptanceMissed,
    AssignmentEvent,
    AssignmentState,
    AssignmentStatus,
    DeadlineNear,
    DeadlinePassed,
    DocumentBrief,
    UnitState,
    Urgency,
)
from services.routing.assignment import Kept
from services.routing.decision import Reason
from services.routing.facts import facts_of
from services.routing.moment import Moment
from services.routing.roster import OfficeView
from services.routing.watch import attended, looked_at, superiors
from tests.offices import HA_TINH
from tests.routing.small_office import MOMENT, document, view

MONDAY = date(2026, 3, 2)
S = AssignmentStatus


def at(text: str) -> Moment:
    """By the office's clock, on a day of March 2026 (the 2nd is a Monday)."""
    day, _, time = text.partition(" ")
    local = datetime.fromisoformat(f"2026-03-{int(day):02}T{time}")
    return Moment(local.replace(tzinfo=MOMENT.zone).astimezone(UTC), MOMENT.zone)


def kept(status: S = S.ACCEPTED, due: str | None = "9 17:00", begun: str = "2 09:00", **changes: Any) -> Kept:
    brief = DocumentBrief(book="incoming", year=2026, number=1, arrived_on=MONDAY)
    state = AssignmentState(
        document_id="d",
        status=status,
        due_at=at(due).now if due else None,
        due_version=1,
        **{"document": brief, "lead_unit_id": "NC", "lead_person_id": "hoa", "assigned_on": MONDAY, **changes},
    )
    facts = facts_of(document("d"))
    made = Kept(
        office=HA_TINH, document_id="d", key="d", version=1, source_epoch=0, source_version=1, facts=facts,
        state=state, reason=Reason(),
    )  # fmt: skip
    return attended(None, made, view(), at(begun))


def looked_through(work: Kept, until: str, office: OfficeView | None = None) -> list[tuple[str, type[AssignmentEvent]]]:
    """Everything that is said when somebody looks just when they are to."""
    said = []
    while work.look_at is not None and work.look_at <= at(until).now:
        moment = Moment(work.look_at, MOMENT.zone)
        work, event = looked_at(work, office or view(), moment)
        if event is not None:
            said.append((f"{moment.local:%-d %H:%M}", event))
    return said


def test_a_deadline_comes_near_in_working_time_and_then_passes_and_each_is_said_once() -> None:
    assert looked_through(kept(), "20 00:00") == [
        ("6 07:30", DeadlineNear),
        ("9 11:00", DeadlineNear),
        ("9 17:00", DeadlinePassed),
    ]


def test_whoever_looks_late_says_only_the_last_thing_and_nothing_twice() -> None:
    late, event = looked_at(kept(), view(), at("9 16:00"))
    assert (event, late.version) == (DeadlineNear, 2)
    assert looked_at(late, view(), at("9 16:30"))[1] is None
    passed, event = looked_at(kept(), view(), at("12 08:00"))
    assert event is DeadlinePassed
    assert passed.look_at is None
    assert looked_at(passed, view(), at("13 08:00"))[1] is None


def test_a_look_before_its_time_says_nothing_and_changes_no_version() -> None:
    after, event = looked_at(kept(), view(), at("3 09:00"))
    assert (event, after.version, after.look_at) == (None, 1, kept().look_at)


def test_work_that_was_past_due_when_it_was_recorded_raises_no_alarm() -> None:
    assert kept(due="1 17:00").look_at is None


def test_what_is_nearer_than_a_step_when_it_comes_does_not_come_near_once_more() -> None:
    assert looked_through(kept(due="2 17:00", begun="2 14:00"), "20 00:00") == [("2 17:00", DeadlinePassed)]


@pytest.mark.parametrize("status", sorted(set(S) - {S.ASSIGNED, S.ACCEPTED, S.IN_PROGRESS}))
def test_only_open_work_whose_clock_runs_is_watched(status: S) -> None:
    assert kept(status).look_at is None


def test_nothing_of_a_sealed_document_is_said() -> None:
    brief = DocumentBrief(book="incoming", year=2026, number=1, arrived_on=MONDAY, sealed=True)
    assert kept(document=brief).look_at is None


def test_a_new_deadline_is_watched_anew() -> None:
    passed, _ = looked_at(kept(), view(), at("10 08:00"))
    later = passed.state.model_copy(update={"due_at": at("20 17:00").now, "due_version": 2})
    moved = attended(passed, passed.model_copy(update={"state": later}), view(), at("10 09:00"))
    assert looked_through(moved, "30 00:00") == [
        ("19 07:30", DeadlineNear),
        ("20 11:00", DeadlineNear),
        ("20 17:00", DeadlinePassed),
    ]


def test_work_that_nobody_accepts_is_said_after_a_working_day_and_express_work_after_an_hour() -> None:
    assert looked_through(kept(S.ASSIGNED, due=None), "20 00:00") == [("3 09:30", AcceptanceMissed)]
    brief = DocumentBrief(book="incoming", year=2026, number=1, arrived_on=MONDAY, urgency=Urgency.EXPRESS)
    assert looked_through(kept(S.ASSIGNED, due=None, document=brief), "20 00:00") == [("2 10:00", AcceptanceMissed)]


def test_a_new_lead_has_the_whole_time_to_accept() -> None:
    first = kept(S.ASSIGNED, due=None)
    missed, event = looked_at(first, view(), at("4 08:00"))
    assert event is AcceptanceMissed
    given = missed.state.model_copy(update={"lead_person_id": "lan"})
    anew = attended(missed, missed.model_copy(update={"state": given}), view(), at("4 09:00"))
    assert looked_through(anew, "20 00:00") == [("5 09:30", AcceptanceMissed)]


def test_before_the_office_is_loaded_nothing_is_watched() -> None:
    made = kept().model_copy(update={"watched": None, "look_at": None})
    assert attended(None, made, None, at("2 09:00")) == made


def test_what_has_passed_goes_up_the_line_and_to_nobody_whom_it_concerns() -> None:
    units = {
        **view().units,
        "NC": UnitState(
            unit_id="NC", name="NC", head_person_id="head-nc", parent_unit_id="TH", leader_person_id="leader-two"
        ),
    }
    office = replace(view(), units=units)
    state = kept().state
    assert superiors(state, office) == ("head-nc", "head-th", "leader-two", "leader")
    concerned = state.model_copy(update={"conflicted_person_ids": ("head-th",), "lead_person_id": "head-nc"})
    assert superiors(concerned, office) == ("leader-two", "leader")
    after, _ = looked_at(kept(), office, at("12 08:00"))
    assert after.state.escalated_to == ("head-nc", "head-th", "leader-two", "leader")
    near, _ = looked_at(kept(), office, at("9 14:00"))
    assert near.state.escalated_to == ()


def test_units_that_are_each_others_parents_do_not_lead_in_circles() -> None:
    units = {
        "NC": UnitState(unit_id="NC", name="NC", head_person_id="head-nc", parent_unit_id="TH"),
        "TH": UnitState(unit_id="TH", name="TH", head_person_id="head-th", parent_unit_id="NC"),
    }
    assert superiors(kept().state, replace(view(), units=units)) == ("head-nc", "head-th", "leader")


def test_a_moment_is_as_late_as_the_steps_say_whatever_the_clock_does_meanwhile() -> None:
    """A clock that jumps a day ahead says what is due, and back again says nothing anew."""
    ahead, event = looked_at(kept(), view(), at("10 17:01"))
    assert event is DeadlinePassed
    back = attended(ahead, ahead, view(), at("3 09:00"))
    assert looked_through(back, "30 00:00") == []


def test_near_steps_are_working_time_before_the_end() -> None:
    assert [each.total_seconds() / 3600 for each in view().watch.near] == [15, 4]
    assert view().watch.near[0] > timedelta(0)
