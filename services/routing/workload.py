"""How much each person has, as sums over assignments, and how heavy that is on a day. Pure.

A burden adds up what is open: the weight of its urgency (normal 1, urgent 1.5, very urgent 2, express 3) times how
near its end is (overdue or due today 2, within two working days 1.5, within five 1, later or never 0.5; 0.25 while
its clock stands). It is rounded to halves, so that small differences leave room for fairness. Kept weights are twice
that of the urgency: whole, so that sums which many move stay exact.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import Final, NamedTuple

from services.events import AssignmentState, AssignmentStatus, Urgency
from services.routing.states import OPEN, WITH_LEAD
from services.worktime import Calendar, add_working_days

NOTHING: Final[Mapping[str, int]] = MappingProxyType({})
NEVER: Final = "never"  # sorts after every ISO day
WEIGHTS = {Urgency.NORMAL: 2, Urgency.URGENT: 3, Urgency.VERY_URGENT: 4, Urgency.EXPRESS: 6}
PRESSING, SOON, NEAR, LATER, STANDING = 8, 6, 4, 2, 1  # quarters
WEEKS_LOOKED_AT = 4


@dataclass(frozen=True, slots=True)
class Load:
    """What somebody has open and had in all. `due` has the open weight by ISO day of its end, or NEVER; `waiting` is
    the weight of what stands. No day in `due` has nothing."""

    open: int = 0
    total: int = 0
    waiting: int = 0
    due: Mapping[str, int] = field(default_factory=dict)

    def __add__(self, other: "Load") -> "Load":
        return Load(
            self.open + other.open,
            self.total + other.total,
            self.waiting + other.waiting,
            _added(self.due, other.due),
        )

    def __neg__(self) -> "Load":
        return Load(-self.open, -self.total, -self.waiting, {day: -weight for day, weight in self.due.items()})


NO_LOAD = Load()


class Received(NamedTuple):
    """How often somebody was given a document, by ISO week (`2026-W10`), and the ISO day of the last one.

    Giving it back or away takes nothing from it. States do not tell it, so it is not compared with them; what is
    brought back from the journal is counted in the week in which it was said.
    """

    weeks: Mapping[str, int] = NOTHING
    last_on: str = ""


NEVER_RECEIVED = Received()


class Horizon(NamedTuple):
    """The ends of today, of the second and of the fifth working day after it as ISO days; the weeks that count."""

    today: str
    soon: str
    near: str
    weeks: tuple[str, ...]

    def factor(self, due: str) -> int:
        if due <= self.today:
            return PRESSING
        if due <= self.soon:
            return SOON
        return NEAR if due <= self.near else LATER


@lru_cache(maxsize=64)
def horizon_of(today: date, calendar: Calendar) -> Horizon:
    """Raises NoWorkingDay."""
    soon, near = (add_working_days(today, count, calendar).isoformat() for count in (2, 5))
    return Horizon(today.isoformat(), soon, near, weeks_until(today))


def weeks_until(today: date) -> tuple[str, ...]:
    """The four ISO weeks that count on this day, its own first."""
    return tuple(week_of(today - timedelta(weeks=number)) for number in range(WEEKS_LOOKED_AT))


def week_of(day: date) -> str:
    year, week, _ = day.isocalendar()
    return f"{year:04d}-W{week:02d}"


def burden(load: Load, horizon: Horizon) -> float:
    """In halves, which floats hold exactly."""
    eighths = load.waiting * STANDING
    for day, weight in load.due.items():
        eighths += weight * horizon.factor(day)
    return (eighths + 2) // 4 / 2


def load_of(state: AssignmentState | None) -> tuple[str, Load] | None:
    """Whom an assignment burdens, and how. Withdrawn work burdens nobody, completed work is only in the total."""
    if state is None or state.lead_person_id is None or state.status == AssignmentStatus.WITHDRAWN:
        return None
    if state.status not in OPEN:
        return state.lead_person_id, Load(0, 1)
    weight = WEIGHTS[state.document.urgency]
    if state.status == AssignmentStatus.WAITING:
        return state.lead_person_id, Load(1, 1, weight)
    return state.lead_person_id, Load(1, 1, 0, {state.due_on.isoformat() if state.due_on else NEVER: weight})


class LoadBook:
    """Loads of one office while a batch is decided; `changes` and `gave` are the differences to what was read."""

    def __init__(self, loads: Mapping[str, Load] | None = None, received: Mapping[str, Received] | None = None) -> None:
        self._loads = dict(loads or {})
        self._received = dict(received or {})
        self.changes: dict[str, Load] = {}
        self.gave: dict[str, Received] = {}
        self._burdens: dict[str, tuple[Load, Horizon, float]] = {}

    def of(self, person_id: str) -> Load:
        return self._loads.get(person_id, NO_LOAD)

    def burden_of(self, person_id: str, horizon: Horizon) -> float:
        """Remembered while nothing moves it: most candidates are looked at again for the next document."""
        load, known = self.of(person_id), self._burdens.get(person_id)
        if known is None or known[0] is not load or known[1] is not horizon:
            known = self._burdens[person_id] = (load, horizon, burden(load, horizon))
        return known[2]

    def received(self, person_id: str) -> Received:
        return self._received.get(person_id, NEVER_RECEIVED)

    def shift(self, before: AssignmentState | None, after: AssignmentState, on: date) -> None:
        """What the change does to everybody's work; `on` is the day on which a new lead is given it."""
        if released := load_of(before):
            self._add(released[0], -released[1])
        self.bear(after)
        given_to = _leads(after)
        if given_to is not None and after.status in OPEN and given_to != _leads(before):
            self._give(given_to, on)

    def bear(self, state: AssignmentState) -> None:
        """An assignment as it stands, whoever gave it when."""
        if burdened := load_of(state):
            self._add(*burdened)

    def take(self, person_id: str, urgency: Urgency, due_on: date | None, on: date) -> None:
        """A document given out in a trial, of which there is no assignment."""
        due = due_on.isoformat() if due_on else NEVER
        self._add(person_id, Load(1, 1, 0, {due: WEIGHTS[urgency]}))
        self._give(person_id, on)

    def finish_before(self, day: date) -> None:
        """In a trial everybody is in time: what was due before the day burdens nobody any more."""
        for person_id, load in self._loads.items():
            past = {due: -weight for due, weight in load.due.items() if due < day.isoformat()}
            if past:
                self._loads[person_id] = load + Load(due=past)

    def emptied(self, person_id: str) -> Iterator[str]:
        """Days on which nothing is due any more, as far as this book knows."""
        known = self.of(person_id).due
        return (day for day in self.changes.get(person_id, NO_LOAD).due if day not in known)

    def outdated(self, person_id: str) -> Iterator[str]:
        """Weeks that count no more, for somebody who was given something."""
        gave = self.gave.get(person_id)
        last = weeks_until(date.fromisoformat(gave.last_on))[-1] if gave else ""
        return (week for week in self.received(person_id).weeks if week < last)

    def _add(self, person_id: str, by: Load) -> None:
        for loads in (self._loads, self.changes):
            loads[person_id] = loads.get(person_id, NO_LOAD) + by

    def _give(self, person_id: str, on: date) -> None:
        one = {week_of(on): 1}
        for received in (self._received, self.gave):
            known = received.get(person_id, NEVER_RECEIVED)
            received[person_id] = Received(_added(known.weeks, one), max(known.last_on, on.isoformat()))


def recomputed(states: Iterable[AssignmentState]) -> dict[str, Load]:
    """The loads as they must be, from the assignments themselves: the oracle for the kept ones."""
    book = LoadBook()
    for state in states:
        book.bear(state)
    return {person: load for person, load in book.changes.items() if load != NO_LOAD}


def _leads(state: AssignmentState | None) -> str | None:
    return state.lead_person_id if state is not None and state.status in WITH_LEAD else None


def _added(one: Mapping[str, int], other: Mapping[str, int]) -> Mapping[str, int]:
    """Key by key; what comes to nothing is left out."""
    result = dict(one)
    for key, number in other.items():
        if total := result.get(key, 0) + number:
            result[key] = total
        else:
            result.pop(key, None)
    return result
