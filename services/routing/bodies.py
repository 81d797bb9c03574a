"""What the HTTP API takes and gives."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from services.chassis.written import WrittenDay, WrittenMoment
from services.events import AbsenceKind, AssignmentState, Half
from services.routing.assignment import Entry, Kept, Opinion
from services.routing.candidates import Candidate, Lost
from services.routing.deadline_wording import counted_days
from services.routing.decision import Grounds
from services.routing.lists import place_of
from services.routing.roster import OfficeView
from services.routing.states import Act, Relation, possible
from services.routing.wording import worded

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
Id = Annotated[str, StringConstraints(min_length=1, max_length=64)]


class ActionBody(BaseModel):
    """`request_id` is the caller's own: the same request sent again gets the same answer, and is done once."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    expected_version: int = Field(
        ge=1, strict=True, description="The version the caller saw; another one there now is a 409."
    )
    happened_at: WrittenMoment | None = Field(
        default=None, description="When it was done, with its time zone; without it, now. Never in the future."
    )
    request_id: Annotated[str, StringConstraints(min_length=8, max_length=80)] | None = Field(
        default=None, description="The caller's id of this request, for sending it again safely."
    )


class AcceptBody(ActionBody):
    pass


class StartBody(ActionBody):
    pass


class ResumeBody(ActionBody):
    pass


class ReasonBody(ActionBody):
    reason: Words = Field(description="Why: the history keeps it, and who has to act on it is told.")


class CoordinatorBody(BaseModel):
    """A unit, or somebody in it; without a person its head is meant."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    unit_id: Id
    person_id: Id | None = None
    due_on: WrittenDay | None = Field(default=None, description="Until when their opinion is asked for.")


class ApproveBody(ActionBody):
    """What is left out stays as it is proposed. A unit without a person means the first of its people."""

    lead_unit_id: Id | None = None
    lead_person_id: Id | None = None
    coordinators: tuple[CoordinatorBody, ...] | None = Field(default=None, max_length=50)
    due_on: WrittenDay | None = None
    instruction: Words | None = None


class HandOnBody(ActionBody):
    person_id: Id = Field(description="Somebody of the same unit.")
    instruction: Words | None = None


class ReassignBody(ActionBody):
    """To a person, or to the first of a unit's people who can; with both, the person must be in the unit."""

    person_id: Id | None = None
    unit_id: Id | None = None
    note: Words | None = Field(default=None, description="An instruction to the new lead.")


class CoordinatorsBody(ActionBody):
    """All of them, as they are to be from now on."""

    coordinators: tuple[CoordinatorBody, ...] = Field(max_length=50)


class OpinionBody(ActionBody):
    text: Words


class DeadlineBody(ActionBody):
    due_on: WrittenDay
    reason: Words


class CompleteBody(ActionBody):
    """One of the two, or both."""

    result: Words | None = Field(default=None, description="What was done.")
    reply: Words | None = Field(default=None, description="The number or symbol of the document that answers.")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.result is None and self.reply is None:
            raise ValueError("Say what was done in `result`, or name the answer's number in `reply`")
        return self


class ApprovalItem(ActionBody):
    document_id: Id


class ApprovalsBody(BaseModel):
    """Each is decided on by itself: one that cannot be approved keeps none of the others."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    items: tuple[ApprovalItem, ...] = Field(min_length=1, max_length=200)


class ApprovalResult(BaseModel):
    """Either the answer, or the problem as it would have been told alone."""

    document_id: str
    answer: "AssignmentAnswer | None" = None
    problem: dict[str, Any] | None = None


class AssignmentAnswer(BaseModel):
    """What an action led to."""

    document_id: str
    version: int
    state: AssignmentState


class CandidateView(BaseModel):
    """Somebody who was looked at; `lost` says why it is not they who lead.

    `received` counts the last four weeks. `away` and `half` say why, and for which half of the day, they are not here.
    """

    person_id: str
    acts_for: str | None
    competence: int
    present: bool
    away: AbsenceKind | None
    half: Half | None
    conflicted: bool
    burden: float
    open: int
    received: int
    last_on: date | None
    lost: Lost | None


@dataclass(frozen=True, kw_only=True)
class ReasonView(Grounds):
    """`counted` are the days that count towards the limit; those that do not are in `due.skipped`."""

    candidates: list[CandidateView]
    counted: list[date]


class ReasonAnswer(BaseModel):
    """The reason as data, and in the same sentences in both languages."""

    data: ReasonView
    vi: list[str]
    en: list[str]


class AssignmentView(AssignmentAnswer):
    """The whole: why it came to this person, and all that happened."""

    possible: tuple[Act, ...]
    reason: ReasonView
    opinions: tuple[Opinion, ...]
    history: tuple[Entry, ...]
    updated_at: datetime | None


class ListCounts(BaseModel):
    """All that is on a list, and what of it is overdue or waits."""

    all: int
    overdue: int
    waiting: int

    @classmethod
    def of(cls, counted: Sequence[int]) -> "ListCounts":
        all, overdue, waiting = counted
        return cls(all=all, overdue=overdue, waiting=waiting)


class AssignmentList(BaseModel):
    """`next_after` is the `after` of the next page; none on the last."""

    items: list[AssignmentAnswer]
    next_after: str | None


def answer_of(kept: Kept) -> AssignmentAnswer:
    return AssignmentAnswer(document_id=kept.document_id, version=kept.version, state=kept.state)


def view_of(kept: Kept, who: Collection[Relation]) -> AssignmentView:
    return AssignmentView(
        **dict(answer_of(kept)),
        possible=possible(kept.state, who),
        opinions=kept.opinions,
        reason=reason_of(kept),
        history=kept.history,
        updated_at=kept.history[-1].recorded_at if kept.history else None,
    )


def reason_of(kept: Kept) -> ReasonView:
    reason = kept.reason
    grounds = {each.name: getattr(reason, each.name) for each in fields(Grounds)}
    counted = list(counted_days(reason.due)) if reason.due else []
    return ReasonView(**grounds, candidates=[_candidate(each) for each in reason.candidates], counted=counted)


def reason_in_words(kept: Kept, view: OfficeView | None) -> ReasonAnswer:
    """With the names that people and units have now; ids where the office is not loaded."""
    state = kept.state
    proposed = state.proposal.lead_person_id if state.proposal else None
    said = worded(kept.reason, state.lead_person_id or proposed, state.matter, view)
    return ReasonAnswer(data=reason_of(kept), vi=said.vi, en=said.en)


def _candidate(candidate: Candidate) -> CandidateView:
    last_on = date.fromisoformat(candidate.last_on) if candidate.last_on else None
    conflicted = candidate.lost is Lost.CONFLICT
    return CandidateView(
        **{**candidate._asdict(), "last_on": last_on}, present=candidate.away is None, conflicted=conflicted
    )


def list_of(found: list[Kept], limit: int) -> AssignmentList:
    """`found` was asked for with one more than the limit."""
    page = found[:limit]
    return AssignmentList(
        items=[answer_of(each) for each in page],
        next_after=place_of(page[-1].state) if len(found) > limit else None,
    )
