"""When a document is due, and why then. Pure; moments are the office's own clock, without a zone.

A `Clock` is what a deadline rests on, and is kept: whenever the calendar, a stop or the rule changes, the deadline
is counted again from it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta, tzinfo
from enum import StrEnum

from services.routing.facts import Facts
from services.worktime import (
    Calendar,
    Course,
    Limit,
    Skipped,
    Stop,
    Unit,
    course,
    end_of_work,
    is_working_day,
    stands_at,
)

ONE_DAY = timedelta(days=1)


class Basis(StrEnum):
    """The date stands in the document, a rule of deadlines gives the limit, or the office's default does; or a leader
    has set the day."""

    WRITTEN = "written"
    RULE = "rule"
    OFFICE = "office"
    MOVED = "moved"


class StartEvent(StrEnum):
    """From when a limit is counted."""

    ARRIVAL = "arrival"
    ACCEPTANCE = "acceptance"
    ISSUE = "issue"
    """The day that the document bears."""


@dataclass(frozen=True, slots=True)
class DeadlineRule:
    """A row of the office's deadlines; both of its days are included. `most_moves` of None is: as often as needed.

    `legal_ref` names the law that says so. A date that is written in the document wins only where `written_wins`.
    """

    id: str
    name: str
    limit: Limit
    legal_ref: str = ""
    start_event: StartEvent = StartEvent.ARRIVAL
    most_moves: int | None = None
    suspendable: bool = True
    written_wins: bool = True
    valid_from: date = date.min
    valid_to: date = date.max

    def is_valid_on(self, day: date) -> bool:
        return self.valid_from <= day <= self.valid_to


@dataclass(frozen=True, slots=True)
class Clock:
    """`day` is the written or moved date, `limit` is there otherwise. `moves` counts what people have moved."""

    basis: Basis
    started_at: datetime
    limit: Limit | None = None
    day: date | None = None
    rule_id: str | None = None
    legal_ref: str = ""
    most_moves: int | None = None
    suspendable: bool = True
    moves: int = 0
    stops: tuple[Stop, ...] = ()

    @property
    def may_move(self) -> bool:
        return self.most_moves is None or self.moves < self.most_moves

    @property
    def is_stopped(self) -> bool:
        return bool(self.stops) and self.stops[-1].until is None


@dataclass(frozen=True, slots=True)
class Due:
    """Why it is due then, for people. Days that count are those after `counted_from` that were not skipped.

    `due_at` is None while the clock stands. `amount` and `unit` are not there for a day that was written or set.
    """

    due_at: datetime | None
    basis: Basis
    counted_from: date
    amount: int | None = None
    unit: Unit | None = None
    rule_id: str | None = None
    legal_ref: str = ""
    skipped: tuple[Skipped, ...] = ()

    @property
    def due_on(self) -> date | None:
        return self.due_at.date() if self.due_at else None


def started_at(facts: Facts, zone: tzinfo) -> datetime:
    """The office's moment at which it came: by the clock on the day of its receipt, else as that day begins."""
    if facts.received_at is not None:
        received = facts.received_at.astimezone(zone).replace(tzinfo=None)
        if received.date() == facts.arrived_on:
            return received
    return datetime.combine(facts.arrived_on, time.min)


def due(clock: Clock, calendar: Calendar) -> Due:
    """Raises NoWorkingDay."""
    found, limit = counted(clock, calendar), clock.limit
    return Due(
        due_at=found.due_at,
        basis=clock.basis,
        counted_from=clock.started_at.date(),
        amount=limit.amount if limit else None,
        unit=limit.unit if limit else None,
        rule_id=clock.rule_id,
        legal_ref=clock.legal_ref,
        skipped=found.skipped,
    )


def begun(rule: DeadlineRule | None, default: Limit, started_at: datetime, written: date | None) -> Clock:
    """The clock of a document that has this rule, or none."""
    if written is not None and (rule is None or rule.written_wins):
        clock = Clock(Basis.WRITTEN, started_at, day=written)
    else:
        clock = Clock(Basis.RULE if rule else Basis.OFFICE, started_at, limit=rule.limit if rule else default)
    if rule is None:
        return clock
    return replace(
        clock,
        rule_id=rule.id,
        legal_ref=rule.legal_ref,
        most_moves=rule.most_moves,
        suspendable=rule.suspendable,
    )


def stopped(clock: Clock, at: datetime) -> Clock:
    return replace(clock, stops=(*clock.stops, Stop(at)))


def resumed(clock: Clock, at: datetime) -> Clock:
    """A clock that runs stays as it is; one cannot resume before it has stopped, so that is its latest moment."""
    if not clock.is_stopped:
        return clock
    since = clock.stops[-1].since
    return replace(clock, stops=(*clock.stops[:-1], Stop(since, max(at, since))))


def moved(clock: Clock, to: date) -> Clock:
    """Stops before it are forgotten: whoever set the day knew of them."""
    return replace(clock, basis=Basis.MOVED, limit=None, day=to, moves=clock.moves + 1, stops=())


def counted(clock: Clock, calendar: Calendar) -> Course:
    """Raises NoWorkingDay."""
    if clock.limit is not None:
        return course(clock.limit, clock.started_at, calendar, clock.stops)
    assert clock.day is not None
    return _from_a_day(clock.day, clock.started_at.date(), calendar, clock.stops)


def _from_a_day(day: date, since: date, calendar: Calendar, stops: Sequence[Stop]) -> Course:
    """A date that somebody wrote stands also where nobody works on it. A clock that stood over working days moves it
    by as many."""
    if stops and stops[-1].until is None:
        return Course(None)
    lost = sum(
        stands_at(end_of_work(each, calendar), stops) for each in _days(since, day) if is_working_day(each, calendar)
    )
    if not lost:
        return Course(end_of_work(day, calendar))
    return course(Limit(lost), end_of_work(day, calendar), calendar, stops)


def _days(first: date, last: date) -> list[date]:
    return [first + number * ONE_DAY for number in range((last - first).days + 1)]
