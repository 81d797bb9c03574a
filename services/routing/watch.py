"""What the clock makes of open work, without anybody doing anything: near, passed, not accepted. Pure.

Each is said once per version of the deadline, whichever replica looks: a look changes the assignment from exactly the
version it was seen at. Never near after passed, never anything while the clock stands, and nothing of work that was
past due when it was recorded.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from services.events import (
    AcceptanceMissed,
    AssignmentEvent,
    AssignmentState,
    AssignmentStatus,
    DeadlineNear,
    DeadlinePassed,
    Urgency,
)
from services.routing.assignment import Entry, Kept, Watched, followed
from services.routing.moment import Moment
from services.routing.roster import OfficeView, WatchTimes
from services.routing.states import RUNNING
from services.worktime import Calendar, Limit, course, working_time_before
from services.worktime import Unit as TimeUnit


class Alarm(StrEnum):
    NEAR = "near"
    PASSED = "passed"
    NOT_ACCEPTED = "not accepted"


SAYS: dict[Alarm, type[AssignmentEvent]] = {
    Alarm.NEAR: DeadlineNear,
    Alarm.PASSED: DeadlinePassed,
    Alarm.NOT_ACCEPTED: AcceptanceMissed,
}


@dataclass(frozen=True, slots=True)
class Due:
    """An alarm and its moment, by the office's clock; `step` counts the steps of `near`."""

    at: datetime
    alarm: Alarm
    step: int = 0


def attended(before: Kept | None, after: Kept, view: OfficeView | None, moment: Moment) -> Kept:
    """The changed assignment with what the watch has to know of it. Nothing is watched before the office is loaded."""
    if view is None:
        return after
    watched = watched_after(before.state if before else None, after.watched, after.state, moment)
    return after.model_copy(update={"watched": watched, "look_at": next_look(after.state, watched, view, moment)})


def looked_at(kept: Kept, view: OfficeView, moment: Moment) -> tuple[Kept, type[AssignmentEvent] | None]:
    """What comes of a look: the next version and its event, or only another time to look again."""
    assert kept.watched is not None
    alarm, watched = alarm_of(kept.state, kept.watched, view, moment)
    after = kept.model_copy(update={"watched": watched, "look_at": next_look(kept.state, watched, view, moment)})
    if alarm is None:
        return after, None
    state = kept.state.model_copy(update={"escalated_to": _told(alarm, kept.state, view)})
    lead = state.lead_person_id
    entry = Entry(
        version=kept.version + 1, what=alarm, recorded_at=moment.now, happened_at=moment.now, lead_person_id=lead
    )
    return followed(after, entry, state=state), SAYS[alarm]


def watched_after(
    before: AssignmentState | None, known: Watched | None, after: AssignmentState, moment: Moment
) -> Watched:
    """After any change: a new deadline or lead is watched anew, but not for what is past already."""
    is_past = after.due_at is not None and after.due_at <= moment.now
    if before is None or known is None:
        return Watched(moment.local, after.due_version, passed=is_past)
    result = known
    if after.due_version != known.due_version:
        result = replace(result, due_version=after.due_version, near=0, passed=is_past)
    if after.status == AssignmentStatus.ASSIGNED and _hands(before) != _hands(after):
        result = replace(result, since=moment.local, not_accepted=False)
    return result


def next_look(state: AssignmentState, watched: Watched, view: OfficeView, moment: Moment) -> datetime | None:
    """When somebody has to look at it again; None while there is nothing to wait for."""
    found = min((each.at for each in _alarms(state, watched, view, moment)), default=None)
    return moment.at(found) if found else None


def alarm_of(
    state: AssignmentState, watched: Watched, view: OfficeView, moment: Moment
) -> tuple[Alarm | None, Watched]:
    """What is to be said now, the gravest first, and what will then have been said."""
    come = [each for each in _alarms(state, watched, view, moment) if each.at <= moment.local]
    kinds = {each.alarm for each in come}
    if Alarm.PASSED in kinds:
        return Alarm.PASSED, replace(watched, passed=True, near=len(view.watch.near))
    if Alarm.NEAR in kinds:
        step = max(each.step for each in come if each.alarm is Alarm.NEAR)
        return Alarm.NEAR, replace(watched, near=step)
    if Alarm.NOT_ACCEPTED in kinds:
        return Alarm.NOT_ACCEPTED, replace(watched, not_accepted=True)
    return None, watched


def superiors(state: AssignmentState, view: OfficeView) -> tuple[str, ...]:
    """Who answers for whoever leads, from near to far: the heads up the units, the leader in charge, the office's first.

    Nobody whom the document concerns, and each once.
    """
    line = [*_heads(state.lead_unit_id, view), *_in_charge(state.lead_unit_id, view), *view.leaders[:1]]
    left_out = {state.lead_person_id, *state.conflicted_person_ids}
    return tuple(dict.fromkeys(each for each in line if each not in left_out))


def _told(alarm: Alarm, state: AssignmentState, view: OfficeView) -> tuple[str, ...]:
    """A deadline that comes near is the lead's own business; what nobody accepts is the next superior's, too."""
    line = superiors(state, view)
    return {Alarm.NEAR: (), Alarm.NOT_ACCEPTED: line[:1], Alarm.PASSED: line}[alarm]


def _alarms(state: AssignmentState, watched: Watched, view: OfficeView, moment: Moment) -> Iterator[Due]:
    if state.status not in RUNNING or state.document.sealed:
        return
    if state.due_at is not None and not watched.passed:
        due_at = state.due_at.astimezone(moment.zone).replace(tzinfo=None)
        yield Due(due_at, Alarm.PASSED)
        for step, before in enumerate(view.watch.near[watched.near :], watched.near + 1):
            at = working_time_before(due_at, before, view.calendar)
            if at > watched.since:
                yield Due(at, Alarm.NEAR, step)
    if state.status == AssignmentStatus.ASSIGNED and not watched.not_accepted:
        yield Due(_acceptance(state, watched, view.calendar, view.watch), Alarm.NOT_ACCEPTED)


def _acceptance(state: AssignmentState, watched: Watched, calendar: Calendar, times: WatchTimes) -> datetime:
    express = state.document.urgency == Urgency.EXPRESS
    limit = Limit(times.accept_express_hours if express else times.accept_hours, TimeUnit.HOUR)
    due_at = course(limit, watched.since, calendar).due_at
    assert due_at is not None  # no clock of this limit ever stands
    return due_at


def _hands(state: AssignmentState) -> tuple[object, ...]:
    return state.lead_person_id, state.assigned_on, state.accepted_at


def _heads(unit_id: str | None, view: OfficeView) -> Iterator[str]:
    seen: set[str] = set()
    while unit_id is not None and unit_id not in seen:
        seen.add(unit_id)
        head = view.head(unit_id)
        if head is not None:
            yield head.person_id
        unit = view.units.get(unit_id)
        unit_id = unit.parent_unit_id if unit else None


def _in_charge(unit_id: str | None, view: OfficeView) -> Iterator[str]:
    unit = view.units.get(unit_id or "")
    if unit is not None and unit.leader_person_id is not None:
        yield unit.leader_person_id
