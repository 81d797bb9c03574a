"""HTTP in: who has a document and why, and what staff do with it."""

from dataclasses import replace
from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request

from services.chassis.auth import Staff, forbidden
from services.chassis.errors import NotFound, Problem
from services.events import (
    AssignmentAccepted,
    AssignmentReturned,
    DocumentAssigned,
    DocumentCompleted,
    PersonState,
)
from services.policy import Action, Viewer, may_do
from services.routing.acting import Acting, Done, When
from services.routing.actions import accept, complete, give_back, reassign
from services.routing.assignment import Kept
from services.routing.bodies import (
    AcceptBody,
    AssignmentAnswer,
    AssignmentList,
    AssignmentView,
    CompleteBody,
    ReassignBody,
    ReturnBody,
    list_of,
    view_of,
)
from services.routing.deadline import due
from services.routing.decision import Candidate, Reason, choose_lead
from services.routing.roster import OfficeView
from services.routing.store import Store
from services.routing.views import Views
from services.routing.workload import LoadBook

FIRST = ""
Which = Annotated[Literal["mine", "unassigned"], Query(alias="list", description="Whose list.")]
After = Annotated[str, Query(max_length=64, description="`next_after` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=200, description="Most documents of the page.")]


class Api:
    def __init__(self, staff: Staff, store: Store, views: Views, acting: Acting) -> None:
        self._staff = staff
        self._store = store
        self._views = views
        self._acting = acting
        self.router = APIRouter(prefix="/api/v1/documents")
        self.router.add_api_route("", self.listed, summary="My open work, or the clerk's list")
        self.router.add_api_route("/{document_id}", self.show, summary="Who has it, why, and since when")
        self.router.add_api_route("/{document_id}/accept", self.accept, methods=["POST"], summary="Take it on")
        self.router.add_api_route("/{document_id}/return", self.give_back, methods=["POST"], summary="Give it back")
        self.router.add_api_route("/{document_id}/reassign", self.reassign, methods=["POST"], summary="Give it on")
        self.router.add_api_route("/{document_id}/complete", self.complete, methods=["POST"], summary="Finish it")

    async def listed(
        self, request: Request, which: Which = "mine", after: After = FIRST, limit: Limit = 50
    ) -> AssignmentList:
        """By document id, which is the order of arrival."""
        viewer = await self._staff.viewer(request)
        ask = self._store.open_work if which == "mine" else self._store.clerks_list
        return list_of(await ask(viewer, after, limit + 1), limit)

    async def show(self, request: Request, document_id: str) -> AssignmentView:
        viewer = await self._staff.viewer(request)
        kept = await self._store.visible(viewer, document_id)
        if kept is None:
            raise NotFound("document")
        return view_of(kept)

    async def accept(self, request: Request, document_id: str, body: AcceptBody) -> AssignmentAnswer:
        """By the lead only."""
        viewer = await self._staff.viewer(request)

        def step(kept: Kept, loads: LoadBook, when: When) -> Done:
            return Done(accept(kept.state, viewer.person_id, when.happened_at))

        return await self._acting.do(viewer, document_id, "accept", body, AssignmentAccepted, step)

    async def give_back(self, request: Request, document_id: str, body: ReturnBody) -> AssignmentAnswer:
        """By the lead only: it then waits on the clerk's list."""
        viewer = await self._staff.viewer(request)

        def step(kept: Kept, loads: LoadBook, when: When) -> Done:
            return Done(give_back(kept.state, viewer.person_id, body.reason), body.reason)

        return await self._acting.do(viewer, document_id, "return", body, AssignmentReturned, step)

    async def complete(self, request: Request, document_id: str, body: CompleteBody) -> AssignmentAnswer:
        """By the lead only; it counts as done on the day on which it happened."""
        viewer = await self._staff.viewer(request)

        def step(kept: Kept, loads: LoadBook, when: When) -> Done:
            return Done(complete(kept.state, viewer.person_id, when.on, body.result), body.result)

        return await self._acting.do(viewer, document_id, "complete", body, DocumentCompleted, step)

    async def reassign(self, request: Request, document_id: str, body: ReassignBody) -> AssignmentAnswer:
        """By a clerk or a leader; by a unit's head within the unit."""
        viewer = await self._staff.viewer(request)
        view = (await self._views.of([viewer.office])).get(viewer.office)

        def step(kept: Kept, loads: LoadBook, when: When) -> Done:
            if view is None:
                raise _unknown("/person_id", "The office has no people yet.")
            _allow(viewer, kept, kept.state.lead_unit_id)
            person_id, unit_id, candidates = _target(body, kept, view, loads, when.today)
            _allow(viewer, kept, unit_id)
            outcome = reassign(kept.state, unit_id, person_id, kept.facts.conflicted_person_ids, when.on, body.note)
            reason = Reason(decided_by=viewer.person_id, candidates=candidates, due=kept.reason.due)
            if not isinstance(outcome, str) and outcome.due_on is None:
                limit = due(kept.facts, None, view.default_working_days, view.calendar)
                reason = replace(reason, due=limit)
                outcome = outcome.model_copy(update={"due_on": limit.due_on})
            return Done(outcome, body.note, reason)

        return await self._acting.do(viewer, document_id, "reassign", body, DocumentAssigned, step)


def _target(
    body: ReassignBody, kept: Kept, view: OfficeView, loads: LoadBook, today: date
) -> tuple[str, str, tuple[Candidate, ...]]:
    if body.person_id is not None:
        person = _person(body.person_id, body.unit_id, view)
        return person.person_id, person.unit_id, ()
    if body.unit_id is None:
        raise _unknown("/person_id", "Name a person or a unit.")
    if not view.has_unit(body.unit_id):
        raise _unknown("/unit_id", f"There is no unit {body.unit_id}.")
    chosen, candidates = choose_lead(body.unit_id, kept.facts, view, loads, today)
    if chosen is None:
        raise _unknown("/unit_id", f"Nobody in {body.unit_id} is here and without conflict.")
    return chosen, body.unit_id, candidates


def _person(person_id: str, unit_id: str | None, view: OfficeView) -> PersonState:
    person = view.people.get(person_id)
    if person is None or person.disabled:
        raise _unknown("/person_id", f"There is no person {person_id} at work in this office.")
    if unit_id is not None and person.unit_id != unit_id:
        raise _unknown("/unit_id", f"{person_id} is not in {unit_id} but in {person.unit_id}.")
    return person


def _unknown(field: str, detail: str) -> Problem:
    return Problem(422, "no-such-target", detail, field=field, remedy="Name somebody who is in the office's file.")


def _allow(viewer: Viewer, kept: Kept, unit_id: str | None) -> None:
    """Clerks and leaders everywhere; a head from person to person within the unit."""
    lead_unit = kept.state.lead_unit_id
    within = lead_unit is not None and lead_unit == unit_id and lead_unit in viewer.headed_unit_ids
    if not within and not may_do(viewer, Action.REASSIGN):
        raise forbidden(Action.REASSIGN.value, "a clerk, a leader, or the head of the unit that has it")
