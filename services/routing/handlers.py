"""Events in: a batch of documents is decided, then kept in one transaction."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from services.chassis.envelope import Incoming
from services.chassis.erasures import Erasures
from services.chassis.journal import Journal
from services.chassis.mongo import Session
from services.events import DocumentErased, DocumentStatus
from services.routing.assignment import Kept, Told
from services.routing.roster import Facts, Matched, OfficeView, facts_of
from services.routing.settling import Change, Desks, DocumentKey, Moment, newest, settle
from services.routing.store import Store, lost_races_are_run_again
from services.routing.views import Views
from services.routing.workload import LoadBook

MATCHES_BETWEEN_BREATHS = 100


def server_clock() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Handlers:
    store: Store
    views: Views
    journal: Journal
    erasures: Erasures
    zone: ZoneInfo
    clock: Callable[[], datetime] = server_clock

    async def hear(self, batch: Sequence[Incoming]) -> None:
        """The whole batch takes effect, or it raises and nothing of it has."""
        told = [each.event for each in batch if isinstance(each.event, Told)]
        if events := newest(told):
            await self._settle(events)
        await self.erasures.confirm(each.key for each in told if isinstance(each, DocumentErased))

    async def _settle(self, events: Mapping[DocumentKey, Told]) -> None:
        views = await self.views.of(office for office, _ in events)
        facts = {key: facts_of(event.document) for key, event in events.items()}
        (known, books), matched = await asyncio.gather(self._known(events.keys()), _matched(events, facts, views))
        now = self.clock()
        moment = Moment(now, now.astimezone(self.zone).date())
        if changes := settle(events, known, Desks(views, books, facts, matched, moment)):
            await self.journal.transact(lambda session: self._keep(changes, books, session))

    async def _known(self, keys: Collection[DocumentKey]) -> tuple[dict[DocumentKey, Kept], dict[str, LoadBook]]:
        """Read before the transaction: each write finds out whether the assignment it was decided on still stands.

        Loads are only compared, and may be as old as another replica's batch; their sums are exact.
        """
        return await self.store.kept(keys), await self.store.loads({office for office, _ in keys})

    async def _keep(self, changes: Sequence[Change], books: Mapping[str, LoadBook], session: Session) -> None:
        with lost_races_are_run_again():
            await self.store.keep(changes, session)
            await self.store.shift_loads(books, session)
            await self.journal.append([each.event for each in changes if each.event], session)


async def _matched(
    events: Mapping[DocumentKey, Told], facts: Mapping[DocumentKey, Facts], views: Mapping[str, OfficeView]
) -> dict[DocumentKey, Matched | None]:
    """The rule that each document meets, None where none does. Requests get a turn in between."""
    result: dict[DocumentKey, Matched | None] = {}
    for number, (key, event) in enumerate(events.items(), 1):
        view = views.get(key[0])
        if view is not None and event.document.status != DocumentStatus.VOIDED:
            result[key] = view.match(facts[key])
        if number % MATCHES_BETWEEN_BREATHS == 0:
            await asyncio.sleep(0)
    return result
