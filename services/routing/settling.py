"""A batch of intake's events against what is kept: what changes, and which events say so. Pure.

Only the newest state of a document counts, so duplicates, reordering and replays end the same.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from services.events import (
    AssignmentEvent,
    AssignmentNotPossible,
    AssignmentState,
    AssignmentStatus,
    AssignmentWithdrawn,
    DeadlineMoved,
    Direction,
    DocumentAssigned,
    DocumentErased,
    DocumentState,
    DocumentStatus,
)
from services.routing.assignment import (
    Entry,
    Kept,
    Told,
    assigned_state,
    began,
    brief_of,
    event_of,
    followed,
    without_words,
)
from services.routing.decision import Decision, Reason, decide, without_office
from services.routing.description import described
from services.routing.roster import Facts, Matched, OfficeView
from services.routing.workload import LoadBook

DocumentKey = tuple[str, str]


class Change(NamedTuple):
    """`before` is None for a document that was not known, `event` where nobody has to hear of it."""

    before: Kept | None
    after: Kept
    event: AssignmentEvent | None


class Moment(NamedTuple):
    """When it is decided: the server's clock and the office's day."""

    now: datetime
    today: date


class Desk(NamedTuple):
    """All that is looked at while one document is decided. `view` is None for an office that is not loaded."""

    view: OfficeView | None
    loads: LoadBook
    facts: Facts
    matched: Matched | None
    moment: Moment

    def decide(self) -> Decision:
        if self.view is None:
            return without_office(self.facts)
        return decide(self.facts, self.matched, self.view, self.loads, self.moment.today)


def newest(events: Iterable[Told]) -> dict[DocumentKey, Told]:
    """The newest event of each incoming document; outgoing ones are nobody's to handle."""
    result: dict[DocumentKey, Told] = {}
    for event in events:
        key = (event.office, event.document.document_id)
        known = result.get(key)
        if event.document.direction == Direction.INCOMING and (known is None or _source(known) < _source(event)):
            result[key] = event
    return result


def settle(events: Mapping[DocumentKey, Told], kept: Mapping[DocumentKey, Kept], desks: "Desks") -> list[Change]:
    """Each document in turn, so that every decision sees the load that the one before made."""
    changes = []
    for key, event in events.items():
        before = kept.get(key)
        if before is not None and before.source >= _source(event):
            continue
        desk = desks.of(key)
        change = _settle_one(event, before, desk)
        desk.loads.shift(before.state if before else None, change.after.state)
        changes.append(change)
    return changes


@dataclass(frozen=True)
class Desks:
    views: Mapping[str, OfficeView]
    loads: Mapping[str, LoadBook]
    facts: Mapping[DocumentKey, Facts]
    matched: Mapping[DocumentKey, Matched | None]
    moment: Moment

    def of(self, key: DocumentKey) -> Desk:
        return Desk(self.views.get(key[0]), self.loads[key[0]], self.facts[key], self.matched.get(key), self.moment)


def _settle_one(event: Told, before: Kept | None, desk: Desk) -> Change:
    if isinstance(event, DocumentErased):
        return _erase(event, before, desk)
    if event.document.status == DocumentStatus.VOIDED:
        return _wordless(_withdraw(event, before, desk), event)
    if event.document.sealed:
        return _wordless(_seal(event, before, desk), event)
    if before is None or before.state.status in {AssignmentStatus.UNASSIGNED, AssignmentStatus.WITHDRAWN}:
        return _assign(event, before, desk)
    outcome = described(before, event.document, desk.facts, desk.view, desk.matched, desk.loads, desk.moment.today)
    return _changed(event, before, desk, outcome.what, outcome.event, outcome.state, outcome.reason)


def _assign(event: Told, before: Kept | None, desk: Desk) -> Change:
    decision = desk.decide()
    state = assigned_state(event.document, decision, desk.moment.today)
    what, type = ("assigned", DocumentAssigned) if state.lead_person_id else ("unassigned", AssignmentNotPossible)
    return _changed(event, before, desk, what, type, state, decision.reason)


def _withdraw(event: Told, before: Kept | None, desk: Desk) -> Change:
    """A voided document is never assigned, whether or not it was heard of before."""
    document = event.document
    note = None if document.restricted or document.sealed else document.void_reason
    blank = _blank(document, AssignmentStatus.WITHDRAWN)
    state = (before.state if before else blank).model_copy(
        update={
            "status": AssignmentStatus.WITHDRAWN,
            "document": blank.document,
            "note": note,
            "conflicted_person_ids": document.conflicted_person_ids,
        }
    )
    reason = before.reason if before else Reason()
    return _changed(event, before, desk, "withdrawn", AssignmentWithdrawn, state, reason)


def _seal(event: Told, before: Kept | None, desk: Desk) -> Change:
    """Who had it keeps it, and reads nothing of it; what was not assigned yet waits.

    Said as every change that leaves the people as they are: nobody is told, state readers take the bare state.
    """
    document = event.document
    if before is None:
        state = _blank(document, AssignmentStatus.UNASSIGNED)
        return _changed(event, None, desk, "sealed", AssignmentNotPossible, state, Reason())
    words = {"note": None, "result": None, "conflicted_person_ids": document.conflicted_person_ids}
    state = before.state.model_copy(update={**words, "document": brief_of(document)})
    return _changed(event, before, desk, "sealed", DeadlineMoved, state, before.reason)


def _erase(event: Told, before: Kept | None, desk: Desk) -> Change:
    """The work is void, and nothing of the document is left but its number."""
    state = _blank(event.document, AssignmentStatus.WITHDRAWN)
    change = _wordless(_changed(event, before, desk, "erased", AssignmentWithdrawn, state, Reason()), event)
    return change._replace(after=change.after.model_copy(update={"reason": Reason()}))


def _wordless(change: Change, event: Told) -> Change:
    return change._replace(after=without_words(change.after)) if event.document.sealed else change


def _blank(document: DocumentState, status: AssignmentStatus) -> AssignmentState:
    return AssignmentState(
        document_id=document.document_id,
        status=status,
        document=brief_of(document),
        conflicted_person_ids=document.conflicted_person_ids,
    )


def _changed(
    event: Told,
    before: Kept | None,
    desk: Desk,
    what: str,
    type: type[AssignmentEvent],
    state: AssignmentState,
    reason: Reason,
) -> Change:
    """The next version; where the public state stays as it is, only what was read is noted."""
    source = {"source_epoch": event.epoch, "source_version": event.version, "facts": desk.facts}
    if before is not None and before.state == state:
        return Change(before, before.model_copy(update=source), None)
    version = before.version + 1 if before else 1
    now = desk.moment.now
    entry = Entry(
        version=version, what=what, recorded_at=now, happened_at=now, lead_person_id=state.lead_person_id,
        note=state.note,
    )  # fmt: skip
    if before is None:
        after = began(event, desk.facts, state, reason, entry)
    else:
        after = followed(before, entry, **source, state=state, reason=reason)
    return Change(before, after, event_of(after, type, now))


def _source(event: Told) -> tuple[int, int]:
    return event.epoch, event.version
