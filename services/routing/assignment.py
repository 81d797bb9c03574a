"""What routing keeps of one document: its assignment, the reason, what happened, who may read it. Pure."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from services.events import (
    AssignmentEvent,
    AssignmentState,
    AssignmentStatus,
    DocumentBrief,
    DocumentDescribed,
    DocumentErased,
    DocumentReceived,
    DocumentSealed,
    DocumentState,
    DocumentUnsealed,
    DocumentVoided,
    State,
    Urgency,
)
from services.policy import Access, reader_tokens
from services.routing.decision import Decision, Reason
from services.routing.roster import Facts

Told = DocumentReceived | DocumentDescribed | DocumentVoided | DocumentSealed | DocumentUnsealed | DocumentErased
HISTORY_ENTRIES = 50
REMEMBERED_ANSWERS = 10


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened: `by` is None where routing itself decided."""

    version: int
    what: str
    recorded_at: datetime
    happened_at: datetime
    by: str | None = None
    lead_person_id: str | None = None
    note: str | None = None


class Answered(State):
    """An action's request and the answer it got, for a caller who asks again."""

    request_id: str
    by: str
    fingerprint: str
    version: int
    state: AssignmentState


class Kept(State):
    """`source_*` name the newest of intake's versions that was taken into account; `version` is our own."""

    office: str
    document_id: str
    key: str
    version: int
    source_epoch: int
    source_version: int
    facts: Facts
    state: AssignmentState
    reason: Reason
    history: tuple[Entry, ...] = ()
    answered: tuple[Answered, ...] = ()

    @property
    def source(self) -> tuple[int, int]:
        return self.source_epoch, self.source_version


def access_of(kept: Kept) -> Access:
    state = kept.state
    return Access(
        restricted=state.document.restricted,
        sealed=state.document.sealed,
        lead_unit_id=state.lead_unit_id,
        lead_person_id=state.lead_person_id,
        coordinators=tuple((each.unit_id, each.person_id) for each in state.coordinators),
        deciding_person_id=state.deciding_person_id,
        conflicted_person_ids=frozenset(kept.facts.conflicted_person_ids),
    )


def readers_of(kept: Kept) -> list[str]:
    return sorted(reader_tokens(access_of(kept)))


def brief_of(document: DocumentState) -> DocumentBrief:
    return DocumentBrief(
        book=document.book,
        year=document.year,
        number=document.number,
        subject=None if document.restricted or document.sealed else document.subject,
        urgency=document.urgency,
        arrived_on=document.arrived_on,
        restricted=document.restricted,
        sealed=document.sealed,
    )


def began(event: Told, facts: Facts, state: AssignmentState, reason: Reason, entry: Entry) -> Kept:
    """The first version of a document that routing hears of for the first time."""
    return Kept(
        office=event.office,
        document_id=event.document.document_id,
        key=event.key,
        version=entry.version,
        source_epoch=event.epoch,
        source_version=event.version,
        facts=facts,
        state=state,
        reason=reason,
        history=(entry,),
    )


def followed(kept: Kept, entry: Entry, **changes: Any) -> Kept:
    """The next version, with what happened at the end of its history; the oldest entries fall out."""
    history = (*kept.history, entry)[-HISTORY_ENTRIES:]
    return kept.model_copy(update={**changes, "version": entry.version, "history": history})


def assigned_state(document: DocumentState, decision: Decision, today: date) -> AssignmentState:
    """The assignment happens with the arrival: a document of the past is assigned on the day it came."""
    assigned = decision.lead_person_id is not None
    return AssignmentState(
        document_id=document.document_id,
        status=AssignmentStatus.ASSIGNED if assigned else AssignmentStatus.UNASSIGNED,
        document=brief_of(document),
        lead_unit_id=decision.lead_unit_id,
        lead_person_id=decision.lead_person_id,
        coordinators=decision.coordinators,
        deciding_person_id=decision.deciding_person_id,
        due_on=decision.due_on,
        rule=decision.reason.row_name,
        assigned_on=min(document.arrived_on, today) if assigned else None,
        note=decision.reason.nobody,
        conflicted_person_ids=document.conflicted_person_ids,
    )


def without_words(kept: Kept) -> Kept:
    """What happened stays; what people wrote of it, and answers that repeat it, go."""
    return kept.model_copy(update={"history": tuple(replace(each, note=None) for each in kept.history), "answered": ()})


def blank_event(event: AssignmentEvent) -> AssignmentEvent:
    """The same event of the same version without a word of the document; who had it stays."""
    said = event.assignment
    brief = said.document.model_copy(update={"subject": None, "urgency": Urgency.NORMAL, "sealed": True})
    words = {"rule": None, "result": None, "note": None, "due_on": None, "conflicted_person_ids": ()}
    return event.model_copy(update={"assignment": said.model_copy(update={**words, "document": brief})})


def event_of(kept: Kept, type: type[AssignmentEvent], recorded_at: datetime) -> AssignmentEvent:
    return type(office=kept.office, key=kept.key, version=kept.version, recorded_at=recorded_at, assignment=kept.state)
