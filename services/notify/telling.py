"""From events to notices: what has been heard and told of each document, carried one batch further. Pure."""

import uuid
from bisect import insort
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from services.events import (
    AssignmentEvent,
    DocumentDescribed,
    DocumentErased,
    DocumentSealed,
    DocumentUnsealed,
    NoticeSent,
    NoticeState,
    SecrecyIncidentRaised,
)
from services.notify.audience import Directory, Heard, audience, heard, needs
from services.notify.ledger import NAMES, About, Ledger, Notice, discreet, newest

INBOX = "inbox"
Cause = AssignmentEvent | SecrecyIncidentRaised
Seal = DocumentSealed | DocumentUnsealed | DocumentErased


@dataclass
class Told:
    """What one batch changes: all of it, or nothing."""

    ledgers: dict[str, Ledger] = field(default_factory=dict)
    notices: list[Notice] = field(default_factory=list)
    events: list[NoticeSent] = field(default_factory=list)
    hidden: set[str] = field(default_factory=set)
    untold: list[tuple[str, Cause]] = field(default_factory=list)
    fresh: list[Cause] = field(default_factory=list)


def tell(
    known: Mapping[str, Ledger],
    causes: Iterable[Cause],
    directory: Directory,
    now: datetime,
    *,
    again: Iterable[Cause] = (),
    restricted: Iterable[DocumentDescribed] = (),
    seals: Iterable[Seal] = (),
) -> Told:
    """Each cause takes effect once, in the order of versions, whatever the order and however often it comes.

    `again` are causes of old whose people were not known then; `restricted` are documents to say less of,
    `seals` those of which nothing may be said, or something again.
    """
    told = Told()
    for description in restricted:
        _hide(_ledger(told, known, description), told)
    for seal in seals:
        _seal(seal, _ledger(told, known, seal), told)
    for cause in sorted(causes, key=lambda each: (each.key, each.epoch, each.version)):
        _hear(cause, _ledger(told, known, cause), directory, now, told)
    for cause in again:
        ledger = _ledger(told, known, cause)
        this = heard(cause, directory)
        _say(_learn(ledger, this), this, directory, now, told)
    told.notices = [_discreet_if(told.ledgers[each.document_id].wordless, each) for each in told.notices]
    return told


def _ledger(told: Told, known: Mapping[str, Ledger], event: Cause | DocumentDescribed | Seal) -> Ledger:
    return told.ledgers.get(event.key) or known.get(event.key) or Ledger(event.key, event.office)


def _hide(ledger: Ledger, told: Told) -> Ledger:
    if ledger.restricted:
        return ledger
    hidden = replace(ledger, restricted=True, about=discreet(ledger.about))
    if ledger.notices:
        told.hidden.add(ledger.document_id)
    told.ledgers[ledger.document_id] = hidden
    return hidden


def _seal(seal: Seal, ledger: Ledger, told: Told) -> None:
    """What was said before does not get its words back."""
    order = (seal.epoch, seal.version)
    if order <= ledger.seal_heard:
        return
    about = discreet(ledger.about) if seal.document.sealed else ledger.about
    told.ledgers[seal.key] = replace(ledger, sealed=seal.document.sealed, seal_heard=order, about=about)
    if seal.document.sealed:
        told.hidden.add(seal.key)


def _hear(cause: Cause, ledger: Ledger, directory: Directory, now: datetime, told: Told) -> None:
    this = heard(cause, directory)
    if any(each.order == this.order and each.type == this.type for each in ledger.heard):
        return
    told.fresh.append(cause)
    if isinstance(cause, AssignmentEvent) and cause.assignment.document.restricted:
        ledger = _hide(ledger, told)
    needed = needs(cause, restricted=ledger.wordless)
    told.untold += [(token, cause) for token in needed if not directory.of(cause.office, token)]
    ledger = _remember(ledger, this, cause)
    ledger = _say(ledger, this, directory, now, told)
    later = _after(ledger.heard, this)
    if later:  # came late: whoever it named may have lost it since
        _say(ledger, later, directory, now, told)


def _remember(ledger: Ledger, this: Heard, cause: Cause) -> Ledger:
    sequence = list(ledger.heard)
    insort(sequence, this, key=lambda each: each.order)
    about = _about(cause) if sequence[-1] is this else ledger.about
    return replace(ledger, heard=tuple(sequence), about=discreet(about) if ledger.wordless else about)


def _learn(ledger: Ledger, this: Heard) -> Ledger:
    """The same event again, now that its people are known."""
    return replace(ledger, heard=tuple(this if each.order == this.order else each for each in ledger.heard))


def _say(ledger: Ledger, this: Heard, directory: Directory, now: datetime, told: Told) -> Ledger:
    """One event of ours names all notices of one cause; nobody hears of the same cause twice."""
    cause = f"{ledger.document_id}:{this.version}"
    discreetly = replace(this, restricted=this.restricted or ledger.wordless)
    people = audience(discreetly, _before(ledger.heard, this), ledger.office, directory)
    already = {each.notice_id for each in ledger.notices}
    notices = [
        Notice(
            _notice_id(this, cause, person, INBOX),
            ledger.office,
            person,
            ledger.document_id,
            cause,
            this.type,
            telling,
            ledger.about,
            now,
        )
        for person, telling in sorted(people.items())
    ]
    notices = [each for each in notices if each.id not in already]
    if notices:
        states = (
            NoticeState(notice_id=each.id, person_id=each.person_id, channel=INBOX, cause=cause, sent_at=now)
            for each in notices
        )
        ledger = replace(ledger, version=ledger.version + 1, notices=(*ledger.notices, *states))
        told.notices += notices
        told.events.append(_sent(ledger, [each.id for each in notices], now))
    told.ledgers[ledger.document_id] = ledger
    return ledger


def _sent(ledger: Ledger, changed: Sequence[str], now: datetime) -> NoticeSent:
    return NoticeSent(
        office=ledger.office,
        key=ledger.document_id,
        version=ledger.version,
        epoch=ledger.epoch,
        recorded_at=now,
        notices=newest(ledger.notices, changed),
        changed=tuple(changed),
    )


def _notice_id(this: Heard, cause: str, recipient: str, channel: str) -> str:
    """The same for every delivery of the same event; an event of another epoch is another event."""
    return str(uuid.uuid5(NAMES, f"{this.type}/{this.epoch}/{cause}/{recipient}/{channel}"))


def _before(sequence: Sequence[Heard], this: Heard) -> Heard | None:
    return max((each for each in sequence if each.order < this.order), key=lambda each: each.order, default=None)


def _after(sequence: Sequence[Heard], this: Heard) -> Heard | None:
    return min((each for each in sequence if each.order > this.order), key=lambda each: each.order, default=None)


def _about(cause: Cause) -> About:
    if isinstance(cause, SecrecyIncidentRaised):
        return About(device=cause.device, urgency="express")
    state, brief = cause.assignment, cause.assignment.document
    about = About(
        book=brief.book,
        year=brief.year,
        number=brief.number,
        urgency=brief.urgency.value,
        due_on=state.due_on.isoformat() if state.due_on else None,
        restricted=brief.restricted,
        subject=brief.subject,
        note=state.note,
    )
    return discreet(about) if brief.restricted or brief.sealed else about


def _discreet_if(restricted: bool, notice: Notice) -> Notice:
    return replace(notice, about=discreet(notice.about)) if restricted else notice
