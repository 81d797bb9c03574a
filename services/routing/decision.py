"""Who gets a document: matched rule, people and loads in; lead, co-ordinators and the reason out. Pure.

The matched row names the unit; `candidates` says who of it leads. Where nobody can, nor its head, the document waits
on the clerk's list.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Final, NamedTuple

from pydantic import Field, PlainValidator

from services.events import Coordinator, Urgency
from services.routing.candidates import Candidate, Found, Search, first_of, lead_in, looked_at
from services.routing.deadline import Basis, Clock, DeadlineRule, Due, begun, due, started_at
from services.routing.facts import Facts, Matched, Mode
from services.routing.moment import Moment
from services.routing.roster import OfficeView
from services.routing.workload import LoadBook
from services.worktime import Limit

RULES: Final = "rules"


class Nobody(StrEnum):
    """Why a document waits on the clerk's list."""

    NO_OFFICE = "the office has no people and rules yet"
    NO_RULE = "no row of the rule table matches"
    NO_UNIT = "the rule names a unit that is not there"
    NO_PERSON = "nobody in the unit is here and without conflict"
    MANUAL = "the rule leaves it to a person"


@dataclass(frozen=True, slots=True)
class Grounds:
    """What a decision rests on, but for the people who were looked at: in `unit_id`, on the day `looked_on`."""

    decided_by: str = RULES
    rules_version: int | None = None
    row_id: str | None = None
    row_index: int | None = None
    row_name: str | None = None
    unit_id: str | None = None
    looked_on: date | None = None
    nobody: Nobody | None = None
    due: Due | None = None


def _as_candidates(kept: Iterable[Any]) -> tuple[Candidate, ...]:
    return tuple([each if isinstance(each, Candidate) else Candidate.of(each) for each in kept])


Candidates = Annotated[tuple[Candidate, ...], PlainValidator(_as_candidates), Field(exclude=True)]


@dataclass(frozen=True, slots=True)
class Reason(Grounds):
    """Kept with the assignment, so that everybody it came to can see why.

    A dump leaves the candidates out: there are many, and whoever stores them does so as plain lists.
    """

    candidates: Candidates = ()


class Decision(NamedTuple):
    """`lead_person_id` is None where nobody could be found; then `reason.nobody` says why.

    `is_proposed`: it waits for a leader. `clock` is None for an office that is not loaded. `urgency` is the row's: the
    document's own counts where that is higher.
    """

    lead_unit_id: str | None
    lead_person_id: str | None
    coordinators: tuple[Coordinator, ...]
    deciding_person_id: str | None
    clock: Clock | None
    reason: Reason
    is_proposed: bool = False
    matter: str | None = None
    instruction: str | None = None
    urgency: Urgency | None = None

    @property
    def due_on(self) -> date | None:
        """None for an office that is not loaded."""
        return self.reason.due.due_on if self.reason.due else None


def decide(facts: Facts, matched: Matched | None, view: OfficeView, loads: LoadBook, moment: Moment) -> Decision:
    clock = clock_of(facts, matched, view, moment)
    found, nobody = _lead(facts, matched, view, loads, moment)
    chosen = found.chosen.person_id if found.chosen else None
    coordinators = _coordinators(chosen, facts, matched, view, loads, moment) if matched and chosen else ()
    reason = Reason(
        rules_version=view.rules_version,
        row_id=matched.row_id if matched else None,
        row_index=matched.row_index if matched else None,
        row_name=matched.row_name if matched else None,
        unit_id=matched.lead_unit if matched else None,
        looked_on=moment.today,
        candidates=found.candidates,
        nobody=nobody,
        due=due(clock, view.calendar),
    )
    return Decision(
        lead_unit_id=matched.lead_unit if matched and chosen else None,
        lead_person_id=chosen,
        coordinators=coordinators,
        deciding_person_id=deciding_person(facts, view),
        clock=clock,
        reason=reason,
        is_proposed=matched is not None and matched.mode is Mode.PROPOSED and chosen is not None,
        matter=matched.matter if matched else None,
        instruction=matched.instruction if matched else None,
        urgency=matched.urgency if matched else None,
    )


def clock_of(facts: Facts, matched: Matched | None, view: OfficeView, moment: Moment) -> Clock:
    """The row's own days, or its matter's rule, or else the office's days."""
    rule = _deadline_rule(matched, view) if matched else None
    return begun(rule, Limit(view.default_working_days), started_at(facts, moment.zone), facts.due_on)


def _deadline_rule(matched: Matched, view: OfficeView) -> DeadlineRule | None:
    if matched.working_days is not None:
        return DeadlineRule(matched.row_id, matched.row_name, Limit(matched.working_days))
    matter = view.matters.get(matched.matter or "")
    return view.deadlines.get(matter.deadline_id or "") if matter else None


def without_office(facts: Facts) -> Decision:
    return Decision(None, None, (), None, None, Reason(nobody=Nobody.NO_OFFICE))


def choose_coordinator(search: Search, taken: Collection[str] = ()) -> Coordinator:
    """The unit's head, or who acts for them; else the first of its people. Nobody who is `taken` has another part."""
    head = search.view.head(search.unit_id)
    chosen = first_of(looked_at([head], search), taken) if head else None
    chosen = chosen or first_of(looked_at(search.view.by_unit.get(search.unit_id, ()), search), taken)
    return Coordinator(unit_id=search.unit_id, person_id=chosen.person_id if chosen else None)


def deciding_person(facts: Facts, view: OfficeView) -> str | None:
    """A restricted document is decided on by the office's first leader whom it does not concern."""
    if not facts.restricted:
        return None
    return next((each for each in view.leaders if each not in facts.conflicted_person_ids), None)


def _lead(
    facts: Facts, matched: Matched | None, view: OfficeView, loads: LoadBook, moment: Moment
) -> tuple[Found, Nobody | None]:
    if matched is None:
        return _NOT_SOUGHT, Nobody.NO_RULE
    if not view.has_unit(matched.lead_unit):
        return _NOT_SOUGHT, Nobody.NO_UNIT
    if matched.mode is Mode.MANUAL:
        return _NOT_SOUGHT, Nobody.MANUAL
    found = lead_in(Search(matched.lead_unit, matched.matter, facts, view, loads, moment))
    return found, None if found.chosen else Nobody.NO_PERSON


_NOT_SOUGHT = Found(None, ())


def _coordinators(
    lead: str, facts: Facts, matched: Matched, view: OfficeView, loads: LoadBook, moment: Moment
) -> tuple[Coordinator, ...]:
    """Each unit once, by the row's first word of it."""
    named = {each.unit_id: each for each in reversed(matched.coordinating_units)}
    found: list[Coordinator] = []
    for unit in dict.fromkeys(each.unit_id for each in matched.coordinating_units):
        if unit != matched.lead_unit and view.has_unit(unit):
            taken = [lead, *(each.person_id for each in found if each.person_id)]
            chosen = choose_coordinator(Search(unit, matched.matter, facts, view, loads, moment), taken)
            asked_until = _asked_until(named[unit].working_days, facts, view, moment)
            found.append(chosen.model_copy(update={"due_on": asked_until}))
    return tuple(found)


def _asked_until(working_days: int | None, facts: Facts, view: OfficeView, moment: Moment) -> date | None:
    if working_days is None:
        return None
    clock = Clock(Basis.RULE, started_at(facts, moment.zone), limit=Limit(working_days))
    return due(clock, view.calendar).due_on
