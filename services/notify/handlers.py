"""Events in: what is new is told, in one transaction per batch. And what a person does with a notice."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from services.chassis.auth import PERSON, SIGNING_KEY, UNIT
from services.chassis.copies import Copies, Copy
from services.chassis.envelope import Incoming
from services.chassis.erasures import Erasures
from services.chassis.journal import Journal
from services.chassis.mongo import Session, kept_now
from services.events import (
    EVENTS,
    AssignmentEvent,
    DocumentDescribed,
    DocumentErased,
    Event,
    OfficeEvent,
    PersonChanged,
    SecrecyIncidentRaised,
    SigningKeyChanged,
    UnitChanged,
)
from services.notify.audience import Directory, needs
from services.notify.ledger import failed, opened
from services.notify.store import Store
from services.notify.telling import Cause, Seal, tell
from services.notify.webhook.payload import Delivery, Subscriber, deliveries_of, failure_of, still_news
from services.notify.webhook.schedule import Attempt
from services.notify.webhook.store import WebhookStore

WAITED_AT_ONCE = 200
CAUSES = {each.type: each for each in EVENTS if issubclass(each, AssignmentEvent | SecrecyIncidentRaised)}


@dataclass
class Notify:
    store: Store
    webhooks: WebhookStore
    journal: Journal
    copies: Copies
    erasures: Erasures
    news: timedelta
    deliveries_wait: Callable[[], None] = lambda: None

    async def hear(self, batch: Sequence[Incoming]) -> None:
        """The whole batch takes effect, or it raises and nothing of it has."""
        events: list[Event] = [each.event for each in batch]
        await self.copies.keep_newest(_copies(events))
        causes = [each for each in events if isinstance(each, AssignmentEvent | SecrecyIncidentRaised)]
        restricted = [each for each in events if isinstance(each, DocumentDescribed) and each.document.restricted]
        seals = [each for each in events if isinstance(each, Seal)]
        if causes or restricted or seals:
            await self._tell(causes, restricted, seals)
        if erased := [each.key for each in seals if isinstance(each, DocumentErased)]:
            await self.store.forget_waiting(erased)
            await self.erasures.confirm(erased)
        moved = {each.office for each in events if isinstance(each, PersonChanged | UnitChanged)}
        if moved:
            await self._tell_what_waited(moved)

    async def _tell(self, causes: list[Cause], restricted: list[DocumentDescribed], seals: list[Seal]) -> None:
        offices = {each.office for each in causes if needs(each)}
        directory = await self.store.directory(offices) if offices else Directory()
        heard_of = {each.office for each in causes if isinstance(each, AssignmentEvent)}
        subscribers = await self.webhooks.active(heard_of) if heard_of else []
        change = _Change(directory, kept_now(), causes, restricted, subscribers, seals=seals)
        effect = await self.journal.transact(lambda session: self._apply(change, session))
        if effect.deliveries:
            self.deliveries_wait()
        if effect.untold:  # another replica may have heard of the people meanwhile
            await self._tell_what_waited(offices)

    async def _tell_what_waited(self, offices: set[str]) -> None:
        """What could not be told for want of people, now that some of them are known."""
        directory = await self.store.directory(offices)
        while waited := await self.store.waiting(directory, WAITED_AT_ONCE):
            again = [CAUSES[row["type"]].model_validate_json(row["event"]) for row in waited]
            change = _Change(directory, kept_now(), again=again, waited=[row["_id"] for row in waited])
            await self.journal.transact(partial(self._apply, change))

    async def _apply(self, change: "_Change", session: Session) -> "_Effect":
        keys = {each.key for each in (*change.causes, *change.restricted, *change.again, *change.seals)}
        known = await self.store.known(keys, session)
        told = tell(
            known,
            change.causes,
            change.directory,
            change.now,
            again=change.again,
            restricted=change.restricted,
            seals=change.seals,
        )
        deliveries = deliveries_of(told, change.subscribers, change.now, self.news)
        await self.store.keep(told, known, session)
        await self.webhooks.keep(deliveries, session)
        if change.waited:
            await self.store.no_longer_wait(change.waited, session)
        return _Effect(len(deliveries), len(told.untold))

    async def open(self, office: str, person_id: str, notice_id: str) -> datetime | None:
        """When the person first opened the notice, which may be now; None when it is not theirs."""
        row = await self.store.find(office, person_id, notice_id)
        if row and row["unread"]:
            document_id, now = row["document_id"], kept_now()
            await self.journal.transact(lambda session: self._open(notice_id, document_id, now, session))
            row = await self.store.find(office, person_id, notice_id)
        return row["opened_at"] if row else None

    async def _open(self, notice_id: str, document_id: str, now: datetime, session: Session) -> None:
        if await self.store.mark_opened(notice_id, now, session):
            for ledger in (await self.store.known([document_id], session)).values():
                await self.store.replace_ledger(*opened(ledger, notice_id, now), session)

    async def fail(self, delivery: Delivery, attempt: Attempt) -> None:
        """Nobody tries this delivery again, and the office's other services hear of it."""

        async def body(session: Session) -> None:
            held = await self.webhooks.settle(delivery, "failed", attempt, session)
            ledgers = await self.store.known([delivery.document_id], session) if delivery.document_id else {}
            for ledger in ledgers.values() if held else ():
                await self.store.replace_ledger(*failed(ledger, failure_of(delivery, attempt.at), kept_now()), session)

        await self.journal.transact(body)

    async def is_news(self, delivery: Delivery) -> bool:
        """Whether a delivery still says what is so, by all that has been heard until now, and is not too old."""
        if delivery.document_id is None:
            return True
        ledger = await self.store.standing(delivery.document_id)
        heard = ledger.heard if ledger else ()
        return not (ledger and ledger.wordless) and still_news(delivery, heard, kept_now(), self.news)


@dataclass(frozen=True)
class _Change:
    directory: Directory
    now: datetime
    causes: Sequence[Cause] = ()
    restricted: Sequence[DocumentDescribed] = ()
    subscribers: Sequence[Subscriber] = ()
    again: Sequence[Cause] = ()
    waited: Sequence[str] = ()
    seals: Sequence[Seal] = ()


@dataclass(frozen=True)
class _Effect:
    deliveries: int
    untold: int


def _copies(events: Sequence[Event]) -> list[Copy]:
    return [_copy(each) for each in events if isinstance(each, UnitChanged | PersonChanged | SigningKeyChanged)]


def _copy(event: OfficeEvent) -> Copy:
    if isinstance(event, UnitChanged):
        kind, id, state = UNIT, event.unit.unit_id, event.unit.model_dump(mode="json")
    elif isinstance(event, PersonChanged):
        kind, id, state = PERSON, event.person.person_id, event.person.model_dump(mode="json")
    else:
        assert isinstance(event, SigningKeyChanged)
        kind, id = SIGNING_KEY, event.key_id
        state = {"key_id": event.key_id, "public_key": event.public_key, "retired": event.retired}
    return Copy(office=event.office, kind=kind, id=id, version=event.version, epoch=event.epoch, state=state)
