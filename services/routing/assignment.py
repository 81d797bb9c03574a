"""What routing keeps of one document: its assignment, the reason, what happened, who may read it. Pure."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
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
    Proposal,
    State,
    Urgency,
)
from services.policy import Access, reader_tokens
from services.routing.actions import dated
from services.routing.deadline import Clock, Due
from services.routing.decision import Decision, Reason
from services.routing.facts import Facts, raised
from services.routing.moment import Moment

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


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a co-ordinator has to say."""

    by: str
    unit_id: str
    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Watched:
    """What the watch has said of this version of the deadline, and since when its lead has it, by the office's clock.

    `near` counts the steps of the office's `WatchTimes`.
    """

    since: datetime
    due_version: int
    near: int = 0
    passed: bool = False
    not_accepted: bool = False


class Answered(State):
    """An action's request and the answer it got, for a caller who asks again."""

    request_id: str
    by: str
    fingerprint: str
    version: int
    state: AssignmentState


class Kept(State):
    """`source_*` name the newest of intake's versions that was taken into account; `version` is our own.

    `look_at` is when the watch has to look at it.
    """

    office: str
    document_id: str
    key: str
    version: int
    source_epoch: int
    source_version: int
    facts: Facts
    state: AssignmentState
    reason: Reason
    clock: Clock | None = None
    opinions: tuple[Opinion, ...] = ()
    watched: Watched | None = None
    look_at: datetime | None = None
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


def brief_of(document: DocumentState, uplift: Urgency | None = None) -> DocumentBrief:
    """`uplift` is what the rules ask for at least; of a sealed document nothing is said."""
    return DocumentBrief(
        book=document.book,
        year=document.year,
        number=document.number,
        subject=None if document.restricted or document.sealed else document.subject,
        urgency=document.urgency if document.sealed else raised(document.urgency, uplift),
        arrived_on=document.arrived_on,
        restricted=document.restricted,
        sealed=document.sealed,
    )


def began(event: Told, facts: Facts, state: AssignmentState, reason: Reason, clock: Clock | None, entry: Entry) -> Kept:
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
        clock=clock,
        history=(entry,),
    )


def followed(kept: Kept, entry: Entry, **changes: Any) -> Kept:
    """The next version, with what happened at the end of its history; the oldest entries fall out."""
    history = (*kept.history, entry)[-HISTORY_ENTRIES:]
    return kept.model_copy(update={**changes, "version": entry.version, "history": history})


def assigned_state(document: DocumentState, decision: Decision, moment: Moment) -> AssignmentState:
    """The assignment happens with the arrival: a document of the past is assigned on the day it came."""
    state = AssignmentState(
        document_id=document.document_id,
        status=AssignmentStatus.UNASSIGNED,
        document=brief_of(document, decision.urgency),
        deciding_person_id=decision.deciding_person_id,
        matter=decision.matter,
        rule=decision.reason.row_name,
        note=decision.reason.nobody,
        conflicted_person_ids=document.conflicted_person_ids,
    )
    return dated(state.model_copy(update=_in_hands(document, decision, moment)), *ends_of(decision, document, moment))


def _in_hands(document: DocumentState, decision: Decision, moment: Moment) -> dict[str, Any]:
    if decision.lead_person_id is None or decision.lead_unit_id is None:
        return {}
    hands = {
        "lead_unit_id": decision.lead_unit_id,
        "lead_person_id": decision.lead_person_id,
        "coordinators": decision.coordinators,
        "instruction": decision.instruction,
    }
    if decision.is_proposed:
        return {"status": AssignmentStatus.PROPOSED, "proposal": Proposal(**hands)}
    assigned_on = min(document.arrived_on, moment.today)
    return {**hands, "status": AssignmentStatus.ASSIGNED, "assigned_on": assigned_on}


def ends_of(decision: Decision, document: DocumentState, moment: Moment) -> tuple[datetime | None, date | None]:
    """When it is due; of an office that is not loaded only what stands in the document."""
    limit = decision.reason.due
    return ends(limit, moment) if limit else (None, document.due_on)


def ends(limit: Due, moment: Moment) -> tuple[datetime | None, date | None]:
    """`due_at` and `due_on` of a state."""
    return (moment.at(limit.due_at).astimezone(UTC) if limit.due_at else None), limit.due_on


def without_words(kept: Kept) -> Kept:
    """What happened stays; what people wrote of it, and answers that repeat it, go."""
    history = tuple(replace(each, note=None) for each in kept.history)
    return kept.model_copy(update={"history": history, "answered": (), "opinions": ()})


def blank_event(event: AssignmentEvent) -> AssignmentEvent:
    """The same event of the same version without a word of the document; who had it stays."""
    said = event.assignment
    brief = said.document.model_copy(update={"subject": None, "urgency": Urgency.NORMAL, "sealed": True})
    words = dict.fromkeys(
        ("rule", "matter", "instruction", "proposal", "result", "reply", "note", "due_on", "due_at", "stopped_at")
    )
    changes = {**words, "conflicted_person_ids": (), "document": brief}
    return event.model_copy(update={"assignment": said.model_copy(update=changes)})


def event_of(kept: Kept, type: type[AssignmentEvent], recorded_at: datetime) -> AssignmentEvent:
    return type(office=kept.office, key=kept.key, version=kept.version, recorded_at=recorded_at, assignment=kept.state)
