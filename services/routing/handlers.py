"""Events in: a batch of documents is decided and kept in one transaction."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from services.chassis.envelope import Incoming
from services.chassis.journal import Journal
from services.chassis.mongo import Session
from services.events import DocumentDescribed, DocumentReceived, DocumentStatus, DocumentVoided
from services.routing.assignment import Told
from services.routing.roster import Facts, Matched, OfficeView, facts_of
from services.routing.settling import Desks, DocumentKey, Moment, newest, settle
from services.routing.store import Store, lost_races_are_run_again
from services.routing.views import Views

MATCHES_BETWEEN_BREATHS = 100


def server_clock() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Handlers:
    store: Store
    views: Views
    journal: Journal
    zone: ZoneInfo
    clock: Callable[[], datetime] = server_clock

    async def hear(self, batch: Sequence[Incoming]) -> None:
        """The whole batch takes effect, or it raises and nothing of it has."""
        told = (
            each.event
            for each in batch
            if isinstance(each.event, DocumentReceived | DocumentDescribed | DocumentVoided)
        )
        events = newest(told)
        if not events:
            return
        views = await self.views.of(office for office, _ in events)
        facts = {key: facts_of(event.document) for key, event in events.items()}
        matched = await _matched(events, facts, views)
        await self.journal.transact(lambda session: self._settle(events, facts, views, matched, session))

    async def _settle(
        self,
        events: Mapping[DocumentKey, Told],
        facts: Mapping[DocumentKey, Facts],
        views: Mapping[str, OfficeView],
        matched: Mapping[DocumentKey, Matched | None],
        session: Session,
    ) -> None:
        known = await self.store.kept(events.keys(), session)
        books = await self.store.loads({office for office, _ in events}, session)
        now = self.clock()
        moment = Moment(now, now.astimezone(self.zone).date())
        changes = settle(events, known, Desks(views, books, facts, matched, moment))
        if not changes:
            return
        with lost_races_are_run_again():
            await self.store.keep(changes, session)
            await self.store.shift_loads(books, session)
            await self.journal.append([each.event for each in changes if each.event], session)


async def _matched(
    events: Mapping[DocumentKey, Told], facts: Mapping[DocumentKey, Facts], views: Mapping[str, OfficeView]
) -> dict[DocumentKey, Matched | None]:
    """Asked outside of the transaction, which may run several times; others get a turn in between."""
    result: dict[DocumentKey, Matched | None] = {}
    for number, (key, event) in enumerate(events.items(), 1):
        view = views.get(key[0])
        if view is not None and event.document.status != DocumentStatus.VOIDED:
            result[key] = view.match(facts[key])
        if number % MATCHES_BETWEEN_BREATHS == 0:
            await asyncio.sleep(0)
    return result
