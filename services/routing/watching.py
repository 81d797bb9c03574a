"""Behind routing: looks at open work when its time has come, and says what the clock has made of it."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from pymongo.errors import PyMongoError

from services.chassis.errors import LostRace, OutcomeUnknown, Unavailable
from services.chassis.journal import Journal
from services.chassis.lease import Lease
from services.chassis.logs import cause_of, logger
from services.chassis.mongo import Session
from services.routing.assignment import Kept, event_of
from services.routing.handlers import server_clock
from services.routing.moment import Moment
from services.routing.settling import Change
from services.routing.store import Store, lost_races_are_run_again
from services.routing.views import Views
from services.routing.watch import looked_at

AT_A_TIME = 200


class Watching:
    """One replica looks at a time, to spare work; two that look at once still say each thing once."""

    def __init__(
        self,
        store: Store,
        views: Views,
        journal: Journal,
        lease: Lease,
        zone: ZoneInfo,
        pause_seconds: float,
        clock: Callable[[], datetime] = server_clock,
    ) -> None:
        self._store = store
        self._views = views
        self._journal = journal
        self._lease = lease
        self._zone = zone
        self._pause_seconds = pause_seconds
        self._clock = clock
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="routing-watch")

    async def stop(self) -> None:
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._lease.release()

    async def _run(self) -> None:
        while True:
            try:
                if await self._lease.hold():
                    await self.look()
            except (LostRace, OutcomeUnknown, Unavailable, PyMongoError, OSError) as error:
                logger("routing").warning("the watch looks again later", cause=cause_of(error))
            await asyncio.sleep(self._pause_seconds)

    async def look(self) -> int:
        """At everything whose time has come; how much of it there was to say."""
        said = 0
        while due := await self._store.to_look_at(self._clock(), AT_A_TIME):
            said += await self._look_at(due)
        return said

    async def _look_at(self, due: Sequence[Kept]) -> int:
        views = await self._views.of({each.office for each in due})
        moment = Moment(self._clock(), self._zone)
        changes = []
        for kept in due:
            after, says = looked_at(kept, views[kept.office], moment)
            changes.append(Change(kept, after, event_of(after, says, moment.now) if says else None))

        async def keep(session: Session) -> None:
            with lost_races_are_run_again():
                await self._store.keep(changes, session)
                await self._journal.append([each.event for each in changes if each.event], session)

        await self._journal.transact(keep)
        return sum(each.event is not None for each in changes)
