"""What the HTTP API takes and gives."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.chassis.written import WrittenMoment
from services.events import AssignmentState
from services.routing.assignment import Entry, Kept
from services.routing.decision import Grounds

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


class ReturnBody(ActionBody):
    reason: Words = Field(description="Why it goes back to the clerk's list.")


class ReassignBody(ActionBody):
    """To a person, or to a unit's least loaded person who is here; with both, the person must be in the unit."""

    person_id: Id | None = None
    unit_id: Id | None = None
    note: Words | None = Field(default=None, description="An instruction to the new lead.")


class CompleteBody(ActionBody):
    result: Words = Field(description="What was done, or the number of the answer.")


class AssignmentAnswer(BaseModel):
    """What an action led to."""

    document_id: str
    version: int
    state: AssignmentState


class CandidateView(BaseModel):
    """Somebody who was looked at; `lost` says why it is not they who lead."""

    person_id: str
    present: bool
    conflicted: bool
    open: int
    total: int
    lost: str | None


@dataclass(frozen=True, kw_only=True)
class ReasonView(Grounds):
    candidates: list[CandidateView]


class AssignmentView(AssignmentAnswer):
    """The whole: why it came to this person, and all that happened."""

    reason: ReasonView
    history: tuple[Entry, ...]
    updated_at: datetime | None


class AssignmentList(BaseModel):
    """`next_after` is the `after` of the next page; none on the last."""

    items: list[AssignmentAnswer]
    next_after: str | None


def answer_of(kept: Kept) -> AssignmentAnswer:
    return AssignmentAnswer(document_id=kept.document_id, version=kept.version, state=kept.state)


def view_of(kept: Kept) -> AssignmentView:
    return AssignmentView(
        **dict(answer_of(kept)),
        reason=reason_of(kept),
        history=kept.history,
        updated_at=kept.history[-1].recorded_at if kept.history else None,
    )


def reason_of(kept: Kept) -> ReasonView:
    candidates = [CandidateView(**each._asdict()) for each in kept.reason.candidates]
    grounds = {each.name: getattr(kept.reason, each.name) for each in fields(Grounds)}
    return ReasonView(**grounds, candidates=candidates)


def list_of(found: list[Kept], limit: int) -> AssignmentList:
    """`found` was asked for with one more than the limit."""
    page = found[:limit]
    return AssignmentList(
        items=[answer_of(each) for each in page],
        next_after=page[-1].document_id if len(found) > limit else None,
    )
