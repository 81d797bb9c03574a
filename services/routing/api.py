"""HTTP in: who has a document and why, and what staff do with it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from services.chassis.auth import Staff
from services.chassis.errors import NotFound, Problem
from services.events import Urgency
from services.routing.acting import Acting
from services.routing.bodies import (
    AcceptBody,
    ActionBody,
    ApprovalItem,
    ApprovalResult,
    ApprovalsBody,
    ApproveBody,
    AssignmentAnswer,
    AssignmentList,
    AssignmentView,
    CompleteBody,
    CoordinatorsBody,
    DeadlineBody,
    HandOnBody,
    ListCounts,
    OpinionBody,
    ReasonAnswer,
    ReasonBody,
    ReassignBody,
    ResumeBody,
    StartBody,
    list_of,
    reason_in_words,
    view_of,
)
from services.routing.lists import Only, Which
from services.routing.states import Act, relations
from services.routing.store import Ask, Store
from services.routing.views import Views

FIRST = ""
List = Annotated[Which, Query(alias="list", description="Whose list.")]
Part = Annotated[Only | None, Query(description="Only what is past its day, or whose clock stands.")]
OfUrgency = Annotated[Urgency | None, Query(description="Only documents of this urgency.")]
OfMatter = Annotated[str | None, Query(max_length=64, description="Only documents about this matter.")]
After = Annotated[str, Query(max_length=80, description="`next_after` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=200, description="Most documents of the page.")]
ACTIONS: dict[Act, tuple[str, type[ActionBody], str]] = {
    Act.APPROVE: ("approve", ApproveBody, "Let a proposal take effect, as it is or changed. By a leader."),
    Act.ACCEPT: ("accept", AcceptBody, "Take it on. By its lead."),
    Act.START: ("start", StartBody, "Begin with it. By its lead."),
    Act.HAND_ON: ("hand-on", HandOnBody, "Give it to somebody else of the unit. By its lead, or the unit's head."),
    Act.RETURN: ("return", ReasonBody, "Give it back to the clerk's list. By its lead."),
    Act.REASSIGN: (
        "reassign",
        ReassignBody,
        "Give it to another lead. By a clerk or a leader; a head within the unit.",
    ),
    Act.RECALL: ("recall", ReasonBody, "Take it away, to the clerk's list. By a leader or a clerk."),
    Act.SET_COORDINATORS: ("coordinators", CoordinatorsBody, "Say who co-ordinates. By a leader, a clerk or the head."),
    Act.GIVE_OPINION: ("opinion", OpinionBody, "Say what a co-ordinator thinks of it."),
    Act.STOP_CLOCK: ("stop-clock", ReasonBody, "Wait for somebody outside. By its lead, or the unit's head."),
    Act.RESUME_CLOCK: ("resume-clock", ResumeBody, "Go on. By its lead, the unit's head or a leader."),
    Act.MOVE_DEADLINE: ("deadline", DeadlineBody, "Set another day. By a leader, as often as its rule lets them."),
    Act.COMPLETE: ("complete", CompleteBody, "Finish it, on the day on which it happened. By its lead."),
    Act.REOPEN: ("reopen", ReasonBody, "Give finished work back to whoever had it. By a leader, a clerk or the head."),
}


class Api:
    def __init__(self, staff: Staff, store: Store, views: Views, acting: Acting) -> None:
        self._staff = staff
        self._store = store
        self._views = views
        self._acting = acting
        self.router = APIRouter(prefix="/api/v1/documents")
        self.router.add_api_route("", self.listed, summary="A work list")
        self.router.add_api_route("/counts", self.counts, summary="How much is on each work list")
        self.router.add_api_route("/approve", self.approve_many, methods=["POST"], summary="Approve many proposals")
        self.router.add_api_route("/{document_id}", self.show, summary="Who has it, why, and since when")
        self.router.add_api_route(
            "/{document_id}/reason", self.reason, summary="Why they have it and until when, as data and in sentences"
        )
        for act, (path, body, summary) in ACTIONS.items():
            self.router.add_api_route(
                f"/{{document_id}}/{path}", self._action(act, body), methods=["POST"], summary=summary, name=path
            )

    async def listed(
        self,
        request: Request,
        which: List = Which.MINE,
        only: Part = None,
        urgency: OfUrgency = None,
        matter: OfMatter = None,
        after: After = FIRST,
        limit: Limit = 50,
    ) -> AssignmentList:
        """What is due first comes first, and what has no deadline last."""
        viewer = await self._staff.viewer(request)
        ask = Ask(which, self._acting.today(), only, urgency, matter)
        return list_of(await self._store.listed(viewer, ask, after, limit + 1), limit)

    async def counts(self, request: Request) -> dict[Which, ListCounts]:
        """How many are on each of the viewer's lists; 1000 stands for that many or more."""
        viewer, today = await self._staff.viewer(request), self._acting.today()

        async def of(which: Which) -> ListCounts:
            asks = (Ask(which, today), *(Ask(which, today, only) for only in Only))
            return ListCounts.of(await asyncio.gather(*(self._store.count(viewer, ask) for ask in asks)))

        return {which: await of(which) for which in Which}

    async def show(self, request: Request, document_id: str) -> AssignmentView:
        """`possible` is what the viewer may do with it now."""
        viewer = await self._staff.viewer(request)
        kept = await self._store.visible(viewer, document_id)
        if kept is None:
            raise NotFound("document")
        return view_of(kept, relations(viewer, kept.state))

    async def reason(self, request: Request, document_id: str) -> ReasonAnswer:
        """For whoever may see the document. Vietnamese and English say the same, sentence by sentence."""
        viewer = await self._staff.viewer(request)
        kept = await self._store.visible(viewer, document_id)
        if kept is None:
            raise NotFound("document")
        return reason_in_words(kept, (await self._views.of([viewer.office])).get(viewer.office))

    async def approve_many(self, request: Request, body: ApprovalsBody) -> list[ApprovalResult]:
        """Each as it is proposed, one after the other; what one cannot be has nothing to do with the others."""
        viewer = await self._staff.viewer(request)

        async def one(item: ApprovalItem) -> ApprovalResult:
            said = ApproveBody(**item.model_dump(exclude={"document_id"}))
            try:
                answer = await self._acting.do(viewer, item.document_id, Act.APPROVE, said)
            except Problem as problem:
                return ApprovalResult(document_id=item.document_id, problem=problem.body())
            return ApprovalResult(document_id=item.document_id, answer=answer)

        return [await one(item) for item in body.items]

    def _action(self, act: Act, type: type[ActionBody]) -> Callable[..., Awaitable[AssignmentAnswer]]:
        async def action(request: Request, document_id: str, body: Any) -> AssignmentAnswer:
            viewer = await self._staff.viewer(request)
            return await self._acting.do(viewer, document_id, act, body)

        action.__annotations__["body"] = type  # each action has a body of its own
        return action
