"""Who is in which unit, its rules and its calendar: what a decision looks at. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cached_property

from services.events import CalendarState, PersonState, UnitState
from services.policy import Role
from services.routing.deadline import DeadlineRule
from services.routing.facts import Facts, Match, Matched
from services.routing.rules.versions import RuleVersion, table_on
from services.worktime import USUAL_SHIFTS, Calendar


@dataclass(frozen=True, slots=True)
class Matter:
    """What documents are about, as far as it is handled alike. `deadline_id` names its rule of deadlines."""

    id: str
    name: str
    deadline_id: str | None = None


@dataclass(frozen=True, slots=True)
class WatchTimes:
    """When the clock is heard: `near` is the working time before the end, longest first, and the others are the working
    hours within which somebody has to accept."""

    near: tuple[timedelta, ...] = (timedelta(hours=15), timedelta(hours=4))
    accept_hours: int = 8
    accept_express_hours: int = 1


def no_rule(facts: Facts) -> Matched | None:
    """What is asked on a day on which no rules count."""
    return None


@dataclass(frozen=True)
class OfficeView:
    """An office at one version of its people. `match` asks the rules of `rules_version`, which `on` chooses by the day
    among `versions`; `matches` has those that may still count."""

    office: str
    version: int
    rules_version: int | None
    units: Mapping[str, UnitState]
    people: Mapping[str, PersonState]
    calendar: Calendar
    default_working_days: int
    match: Match = field(compare=False)
    deadlines: Mapping[str, DeadlineRule] = field(default_factory=dict)
    matters: Mapping[str, Matter] = field(default_factory=dict)
    watch: WatchTimes = WatchTimes()
    versions: tuple[RuleVersion, ...] = ()
    matches: Mapping[int, Match] = field(default_factory=dict, compare=False)

    def on(self, day: date) -> "OfficeView":
        """With the rules that count on that day. An office without versions has one table for good."""
        chosen = table_on(self.versions, day)
        version = chosen.version if chosen else None
        if not self.versions or version == self.rules_version:
            return self
        if version not in self._by_version:  # kept, for it remembers who is in which unit
            match = self.matches[version] if version is not None else no_rule
            self._by_version[version] = replace(self, rules_version=version, match=match)
        return self._by_version[version]

    @cached_property
    def _by_version(self) -> "dict[int | None, OfficeView]":
        return {}

    @cached_property
    def by_unit(self) -> Mapping[str, tuple[PersonState, ...]]:
        units: dict[str, list[PersonState]] = {}
        for person in sorted(self.people.values(), key=lambda each: each.person_id):
            if not person.disabled:
                units.setdefault(person.unit_id, []).append(person)
        return {unit: tuple(people) for unit, people in units.items()}

    @cached_property
    def leaders(self) -> tuple[str, ...]:
        people = (each for each in self.people.values() if Role.LEADER in each.roles and not each.disabled)
        return tuple(sorted(each.person_id for each in people))

    @cached_property
    def _workers(self) -> Mapping[str, tuple[PersonState, ...]]:
        specialist = Role.SPECIALIST
        return {
            unit: tuple(each for each in people if specialist in each.roles) or people
            for unit, people in self.by_unit.items()
        }

    def workers(self, unit_id: str) -> tuple[PersonState, ...]:
        """The unit's specialists; where it has none, whoever is in it. In the order of their ids."""
        return self._workers.get(unit_id, ())

    def head(self, unit_id: str) -> PersonState | None:
        unit = self.units.get(unit_id)
        person = self.people.get(unit.head_person_id) if unit and unit.head_person_id else None
        return None if person is None or person.disabled else person

    @cached_property
    def _last_resorts(self) -> Mapping[str, PersonState]:
        heads = {unit: head for unit in self.units if (head := self.head(unit)) is not None}
        return {unit: head for unit, head in heads.items() if all(head is not each for each in self.workers(unit))}

    def last_resort(self, unit_id: str) -> PersonState | None:
        """The unit's head, where that is none of its workers anyway."""
        return self._last_resorts.get(unit_id)

    def has_unit(self, unit_id: str) -> bool:
        unit = self.units.get(unit_id)
        return unit is not None and unit.active


def calendar_of(state: CalendarState) -> Calendar:
    return Calendar.of(
        state.days_off,
        state.working_days,
        [(each.day, each.worked) for each in state.half_days],
        [(each.begins, each.ends) for each in state.shifts] or USUAL_SHIFTS,
    )
