"""What each action of a person comes to, given the document, the office and what the person says."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from services.chassis.errors import Problem
from services.events import AssignmentState, Coordinator, PersonState
from services.policy import Viewer
from services.routing import actions
from services.routing.actions import Outcome, Refusal
from services.routing.assignment import Kept, Opinion
from services.routing.bodies import (
    AcceptBody,
    ApproveBody,
    CompleteBody,
    CoordinatorBody,
    CoordinatorsBody,
    DeadlineBody,
    HandOnBody,
    OpinionBody,
    ReasonBody,
    ReassignBody,
    ResumeBody,
    StartBody,
)
from services.routing.candidates import Candidate, Search, lead_in
from services.routing.deadline import Clock, moved, stopped
from services.routing.decision import Reason, clock_of
from services.routing.moment import Moment
from services.routing.roster import OfficeView
from services.routing.states import Act, Relation, relations
from services.routing.workload import LoadBook


@dataclass(frozen=True, slots=True)
class Asked:
    """What a step looks at. `now` is the server's moment, `happened` the one at which it was done."""

    viewer: Viewer
    kept: Kept
    view: OfficeView
    loads: LoadBook
    now: Moment
    happened: Moment

    @property
    def state(self) -> AssignmentState:
        return self.kept.state

    @property
    def who(self) -> frozenset[Relation]:
        return relations(self.viewer, self.state)

    @property
    def clock(self) -> Clock:
        """Also of a document that came before its office was loaded."""
        return self.kept.clock or clock_of(self.kept.facts, None, self.view, self.now)


@dataclass(frozen=True, slots=True)
class Done:
    """What an action makes of an assignment; what is None stays. `note` is kept in the history, which only readers see."""

    outcome: Outcome
    note: str | None = None
    reason: Reason | None = None
    clock: Clock | None = None
    opinions: tuple[Opinion, ...] | None = None


def approve(asked: Asked, body: ApproveBody) -> Done:
    """The proposal with what the leader changes in it; another unit without a person means its least burdened."""
    assert asked.state.proposal is not None
    changed: dict[str, Any] = body.model_dump(include={"instruction", "due_on"}, exclude_none=True)
    reason = replace(asked.kept.reason, decided_by=asked.viewer.person_id)
    if body.lead_person_id or body.lead_unit_id:
        person_id, unit_id, candidates = target(body.lead_person_id, body.lead_unit_id, asked)
        changed |= {"lead_unit_id": unit_id, "lead_person_id": person_id}
        reason = replace(reason, unit_id=unit_id, looked_on=asked.now.today, candidates=candidates)
    if body.coordinators is not None:
        changed["coordinators"] = coordinators(body.coordinators, asked.view)
    due_on = changed.pop("due_on", None)
    outcome = actions.approve(asked.state, asked.happened.today, **changed)
    clock = moved(asked.clock, due_on) if due_on else None
    return Done(outcome, body.instruction, reason, clock)


def accept(asked: Asked, body: AcceptBody) -> Done:
    return Done(actions.accept(asked.state, asked.happened.now))


def start(asked: Asked, body: StartBody) -> Done:
    return Done(actions.start(asked.state, asked.happened.now))


def hand_on(asked: Asked, body: HandOnBody) -> Done:
    person = person_at_work(body.person_id, None, asked.view)
    outcome = actions.hand_on(asked.state, person.person_id, person.unit_id, asked.happened.today, body.instruction)
    return Done(
        outcome,
        body.instruction,
        Reason(decided_by=asked.viewer.person_id, unit_id=person.unit_id, due=asked.kept.reason.due),
    )


def give_back(asked: Asked, body: ReasonBody) -> Done:
    return Done(actions.give_back(asked.state, body.reason), body.reason)


def reassign(asked: Asked, body: ReassignBody) -> Done:
    """A unit's head alone does so within the unit only."""
    person_id, unit_id, candidates = target(body.person_id, body.unit_id, asked)
    reason = Reason(
        decided_by=asked.viewer.person_id,
        unit_id=unit_id,
        looked_on=asked.now.today,
        candidates=candidates,
        due=asked.kept.reason.due,
    )
    if asked.who <= {Relation.HEAD, Relation.LEAD, Relation.COORDINATOR} and unit_id != asked.state.lead_unit_id:
        return Done(Refusal.NOT_ALLOWED)
    outcome = actions.reassign(asked.state, unit_id, person_id, asked.happened.today, body.note)
    return Done(outcome, body.note, reason, None if asked.kept.clock else asked.clock)


def recall(asked: Asked, body: ReasonBody) -> Done:
    return Done(actions.recall(asked.state, body.reason), body.reason)


def set_coordinators(asked: Asked, body: CoordinatorsBody) -> Done:
    return Done(actions.set_coordinators(asked.state, coordinators(body.coordinators, asked.view)))


def give_opinion(asked: Asked, body: OpinionBody) -> Done:
    by = asked.viewer.person_id
    unit_id = next(each.unit_id for each in asked.state.coordinators if each.person_id == by)
    opinion = Opinion(by, unit_id, asked.happened.now, body.text)
    outcome = actions.give_opinion(asked.state, by, asked.happened.today)
    return Done(outcome, opinions=(*asked.kept.opinions, opinion))


def stop_clock(asked: Asked, body: ReasonBody) -> Done:
    outcome = actions.stop_clock(asked.state, asked.happened.now, body.reason, suspendable=asked.clock.suspendable)
    return Done(outcome, body.reason, clock=stopped(asked.clock, asked.happened.local))


def resume_clock(asked: Asked, body: ResumeBody) -> Done:
    return Done(actions.resume_clock(asked.state))


def move_deadline(asked: Asked, body: DeadlineBody) -> Done:
    if asked.state.assigned_on and body.due_on < asked.state.assigned_on:
        raise Problem(
            422, "before-it-was-assigned", f"It was assigned on {asked.state.assigned_on}; it cannot be due before.",
            field="/due_on", remedy="Name that day or a later one.",
        )  # fmt: skip
    outcome = actions.move_deadline(asked.state, body.reason, may_still_move=asked.clock.may_move)
    return Done(outcome, body.reason, clock=moved(asked.clock, body.due_on))


def complete(asked: Asked, body: CompleteBody) -> Done:
    outcome = actions.complete(asked.state, asked.happened.today, body.result, body.reply)
    return Done(outcome, body.result or body.reply)


def reopen(asked: Asked, body: ReasonBody) -> Done:
    return Done(actions.reopen(asked.state, body.reason), body.reason)


STEPS: dict[Act, Callable[[Asked, Any], Done]] = {
    Act.APPROVE: approve,
    Act.ACCEPT: accept,
    Act.START: start,
    Act.HAND_ON: hand_on,
    Act.RETURN: give_back,
    Act.REASSIGN: reassign,
    Act.RECALL: recall,
    Act.SET_COORDINATORS: set_coordinators,
    Act.GIVE_OPINION: give_opinion,
    Act.STOP_CLOCK: stop_clock,
    Act.RESUME_CLOCK: resume_clock,
    Act.MOVE_DEADLINE: move_deadline,
    Act.COMPLETE: complete,
    Act.REOPEN: reopen,
}


def target(person_id: str | None, unit_id: str | None, asked: Asked) -> tuple[str, str, tuple[Candidate, ...]]:
    """The person who is named, or the unit's least burdened. Raises Problem 422."""
    if person_id is not None:
        person = person_at_work(person_id, unit_id, asked.view)
        return person.person_id, person.unit_id, ()
    if unit_id is None:
        raise unknown("/person_id", "Name a person or a unit.")
    if not asked.view.has_unit(unit_id):
        raise unknown("/unit_id", f"There is no unit {unit_id}.")
    chosen, candidates = lead_in(
        Search(unit_id, asked.state.matter, asked.kept.facts, asked.view, asked.loads, asked.now)
    )
    if chosen is None:
        raise unknown("/unit_id", f"Nobody in {unit_id} is here and without conflict.")
    return chosen.person_id, unit_id, candidates


def person_at_work(person_id: str, unit_id: str | None, view: OfficeView) -> PersonState:
    """Raises Problem 422."""
    person = view.people.get(person_id)
    if person is None or person.disabled:
        raise unknown("/person_id", f"There is no person {person_id} at work in this office.")
    if unit_id is not None and person.unit_id != unit_id:
        raise unknown("/unit_id", f"{person_id} is not in {unit_id} but in {person.unit_id}.")
    return person


def coordinators(named: Iterable[CoordinatorBody], view: OfficeView) -> tuple[Coordinator, ...]:
    """Raises Problem 422 for a unit or person that is not there."""
    found = []
    for each in named:
        if not view.has_unit(each.unit_id):
            raise unknown("/coordinators", f"There is no unit {each.unit_id}.")
        head = view.head(each.unit_id) if each.person_id is None else None
        person = person_at_work(each.person_id, each.unit_id, view) if each.person_id is not None else head
        person_id = person.person_id if person else None
        found.append(Coordinator(unit_id=each.unit_id, person_id=person_id, due_on=each.due_on))
    return tuple(found)


def unknown(field: str, detail: str) -> Problem:
    return Problem(422, "no-such-target", detail, field=field, remedy="Name somebody who is in the office's file.")
