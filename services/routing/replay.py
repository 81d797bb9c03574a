"""Past documents decided twice, by the office as it is and by a draft of it: what would change. Pure.

Both sides start without any work and keep what they give out, so their loads can be compared with each other and not
with what people have on their desks.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, tzinfo
from typing import NamedTuple

from services.routing.decision import Decision, Nobody, decide
from services.routing.facts import Facts
from services.routing.moment import Moment
from services.routing.roster import OfficeView
from services.routing.workload import LoadBook


class Outcome(NamedTuple):
    """What a document comes to. `nobody` says why it would wait on the clerk's list."""

    unit_id: str | None
    person_id: str | None
    due_on: date | None
    row_id: str | None = None
    nobody: Nobody | None = None
    is_proposed: bool = False

    @property
    def for_people(self) -> tuple[str | None, str | None, date | None]:
        return self.unit_id, self.person_id, self.due_on


class Replayed(NamedTuple):
    document_id: str
    old: Outcome
    new: Outcome

    @property
    def changes(self) -> bool:
        """Another unit, person or due date. With other loads, other people of a unit may get it."""
        return self.old.for_people != self.new.for_people


@dataclass
class Burden:
    """What a side has given out, by unit and by person."""

    units: Counter[str] = field(default_factory=Counter)
    people: Counter[str] = field(default_factory=Counter)
    nobody: Counter[str] = field(default_factory=Counter)

    def take(self, outcome: Outcome) -> None:
        if outcome.unit_id is not None and outcome.person_id is not None:
            self.units[outcome.unit_id] += 1
            self.people[outcome.person_id] += 1
        if outcome.nobody is not None:
            self.nobody[outcome.nobody] += 1

    def fairness(self, view: OfficeView, unit_id: str) -> float:
        """1 where everybody of the unit has the same, 1/n where one of n has all (Jain's index)."""
        shares = [self.people[each.person_id] for each in view.workers(unit_id)]
        squares = sum(each * each for each in shares)
        return sum(shares) ** 2 / (len(shares) * squares) if squares else 1.0


@dataclass
class Side:
    """An office that decides one document after another."""

    view: OfficeView
    zone: tzinfo
    loads: LoadBook = field(default_factory=LoadBook)
    burden: Burden = field(default_factory=Burden)
    day: date | None = None

    def take(self, facts: Facts) -> Outcome:
        """As on the day of its arrival: the rules, the absences and the loads of then."""
        view = self.view.on(facts.arrived_on)
        self._begin(facts.arrived_on)
        moment = Moment(datetime.combine(facts.arrived_on, time(12), self.zone), self.zone)
        outcome = _outcome(decide(facts, view.match(facts), view, self.loads, moment))
        if outcome.person_id is not None:
            self.loads.take(outcome.person_id, facts.urgency, outcome.due_on, moment.today)
        self.burden.take(outcome)
        return outcome

    def _begin(self, day: date) -> None:
        if self.day is None or day > self.day:
            self.day = day
            self.loads.finish_before(day)


@dataclass
class Trial:
    """What trying a draft shows. `changed` are those whose unit, person or due date differ.

    Restricted documents are only counted: neither list names one.
    """

    documents: int = 0
    changed: list[Replayed] = field(default_factory=list)
    units_changed: int = 0
    people_changed: int = 0
    dates_changed: int = 0
    unmatched: list[str] = field(default_factory=list)

    def note(self, one: Replayed, facts: Facts) -> None:
        self.documents += 1
        self.units_changed += one.old.unit_id != one.new.unit_id
        self.people_changed += one.old.person_id != one.new.person_id
        self.dates_changed += one.old.due_on != one.new.due_on
        if facts.restricted:
            return
        if one.changes:
            self.changed.append(one)
        if one.new.nobody is Nobody.NO_RULE:
            self.unmatched.append(one.document_id)


def replayed(documents: Iterable[tuple[str, Facts]], before: Side, after: Side, trial: Trial) -> Iterator[Replayed]:
    """Each document in turn; the sides know afterwards what they gave to whom, the trial what differs."""
    for document_id, facts in documents:
        one = Replayed(document_id, before.take(facts), after.take(facts))
        trial.note(one, facts)
        yield one


class UnitLoad(NamedTuple):
    unit_id: str
    before: int
    after: int
    fairness_before: float
    fairness_after: float


def unit_loads(before: Side, after: Side) -> list[UnitLoad]:
    """By unit id, each that has or would have anything."""
    units = sorted(before.burden.units.keys() | after.burden.units.keys())
    return [
        UnitLoad(
            unit,
            before.burden.units[unit],
            after.burden.units[unit],
            before.burden.fairness(before.view, unit),
            after.burden.fairness(after.view, unit),
        )
        for unit in units
    ]


def person_loads(before: Side, after: Side) -> Mapping[str, tuple[int, int]]:
    """Before and after, by person id."""
    people = sorted(before.burden.people.keys() | after.burden.people.keys())
    return {each: (before.burden.people[each], after.burden.people[each]) for each in people}


def told(trial: Trial, before: Side, after: Side) -> dict[str, object]:
    """All of it for a program."""
    people = person_loads(before, after).items()
    return {
        "documents": trial.documents,
        "units_changed": trial.units_changed,
        "people_changed": trial.people_changed,
        "dates_changed": trial.dates_changed,
        "changed": [
            {"document_id": each.document_id, "old": each.old._asdict(), "new": each.new._asdict()}
            for each in trial.changed
        ],
        "units": [each._asdict() for each in unit_loads(before, after)],
        "people": [{"person_id": person, "before": old, "after": new} for person, (old, new) in people],
        "nobody": {"before": dict(before.burden.nobody), "after": dict(after.burden.nobody)},
        "unmatched": trial.unmatched,
    }


def _outcome(decision: Decision) -> Outcome:
    reason = decision.reason
    return Outcome(
        decision.lead_unit_id,
        decision.lead_person_id,
        decision.due_on,
        reason.row_id,
        reason.nobody,
        decision.is_proposed,
    )
