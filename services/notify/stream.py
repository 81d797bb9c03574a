"""Live notices: one look-out per process, and for each client what its person has not been sent yet."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio
from prometheus_client import Gauge
from pymongo.errors import PyMongoError

from services.chassis.errors import Failure
from services.chassis.logs import logger
from services.notify.inbox import Position
from services.notify.settings import NotifySettings
from services.notify.store import Store

Row = dict[str, Any]
PAGE_ROWS = 200
OPENING_SECONDS = 3.0


@dataclass(eq=False)
class Client:
    """`behind` says that the queue is not the whole truth: read the database instead."""

    office: str
    person_id: str
    queue: asyncio.Queue[Row | None]
    behind: bool = False
    ended: bool = False

    def offer(self, row: Row) -> None:
        try:
            self.queue.put_nowait(row)
        except asyncio.QueueFull:
            self.read_anew()

    def read_anew(self) -> None:
        self.behind = True
        self._rouse()

    def end(self) -> None:
        self.ended = True
        self._rouse()

    async def end_after(self, ending: anyio.Event) -> None:
        await ending.wait()
        self.end()

    def _rouse(self) -> None:
        with contextlib.suppress(asyncio.QueueFull):
            self.queue.put_nowait(None)


@dataclass
class Sent:
    """Where a stream stands, and what it sent of the stretch that it may have to read again."""

    position: Position
    overlap: timedelta
    ids: dict[str, datetime] = field(default_factory=dict)

    def is_new(self, row: Row) -> bool:
        """Whether the row has not been sent; from now on it has."""
        if row["_id"] in self.ids:
            return False
        self.ids[row["_id"]] = row["created_at"]
        if row["created_at"] >= self.position.created_at:
            self.position = Position(row["created_at"], row["_id"])
        if len(self.ids) > 2 * PAGE_ROWS:
            begin = self.begin
            self.ids = {id: at for id, at in self.ids.items() if at >= begin}
        return True

    @property
    def begin(self) -> datetime:
        return self.position.created_at - self.overlap


class Live:
    """Watches the notices while anybody is connected. Without a change stream it has everybody read anew."""

    def __init__(self, settings: NotifySettings, store: Store, connected: Gauge) -> None:
        self._settings = settings
        self._store = store
        self._connected = connected
        self._clients: dict[tuple[str, str], set[Client]] = {}
        self._watch: asyncio.Task[None] | None = None
        self._opened = asyncio.Event()
        self._log = logger("notify")

    async def start(self) -> None:
        """Nothing: it looks out only while somebody is connected."""

    async def stop(self) -> None:
        """Ends every stream."""
        for client in self._everybody():
            client.end()
        if self._watch:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)

    async def notices(
        self,
        office: str,
        person_id: str,
        last: Position | None,
        may_go_on: Callable[[], Awaitable[object]],
        ending: anyio.Event,
    ) -> AsyncGenerator[Row | None, None]:
        """What comes for the person after `last`, or from now on; ends when the person may not go on.

        A None says that the look-out is on: whatever is committed from here on will come.
        """
        client = Client(office, person_id, asyncio.Queue(self._settings.stream_queue_notices))
        end = asyncio.create_task(client.end_after(ending), name="notify-stream-end")
        self._add(client)
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(OPENING_SECONDS):
                    await self._opened.wait()
            sent = Sent(last or Position(now()), timedelta(seconds=self._settings.stream_overlap_seconds))
            if last is None:
                async for _ in self._unsent(client, sent):
                    pass  # what is there already belongs to the inbox
            else:
                client.read_anew()
            yield None
            async for row in self._follow(client, sent, may_go_on):
                yield row
        except (PyMongoError, Failure) as error:
            self._log.info("a live stream ends; its client comes back", cause=type(error).__name__)
        finally:
            end.cancel()
            self._remove(client)

    async def _follow(
        self, client: Client, sent: Sent, may_go_on: Callable[[], Awaitable[object]]
    ) -> AsyncIterator[Row]:
        checked_at = asyncio.get_running_loop().time()
        while not client.ended:
            row = await self._next(client)
            if client.behind and not client.ended:
                client.behind = False
                async for missed in self._unsent(client, sent):
                    yield missed
            if row is not None and sent.is_new(row):
                yield row
            now = asyncio.get_running_loop().time()
            if now - checked_at >= self._settings.stream_reauthorise_seconds:
                checked_at, client.behind = now, True
                await may_go_on()

    async def _next(self, client: Client) -> Row | None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._settings.stream_reauthorise_seconds):
                return await client.queue.get()
        return None

    async def _unsent(self, client: Client, sent: Sent) -> AsyncIterator[Row]:
        place = Position(sent.begin)
        while True:
            rows = await self._store.since(client.office, client.person_id, place.created_at, place.id, PAGE_ROWS)
            for row in rows:
                if sent.is_new(row):
                    yield row
            if len(rows) < PAGE_ROWS:
                return
            place = Position(rows[-1]["created_at"], rows[-1]["_id"])

    def _add(self, client: Client) -> None:
        self._clients.setdefault((client.office, client.person_id), set()).add(client)
        self._connected.inc()
        if self._watch is None or self._watch.done():
            self._opened.clear()
            self._watch = asyncio.create_task(self._look_out(), name="notify-live")

    def _remove(self, client: Client) -> None:
        others = self._clients[client.office, client.person_id]
        others.discard(client)
        if not others:
            del self._clients[client.office, client.person_id]
        self._connected.dec()
        if not self._clients and self._watch:
            self._watch.cancel()
            self._watch = None

    async def _look_out(self) -> None:
        while True:
            try:
                async for row in self._store.arrivals(self._opened.set):
                    for client in self._clients.get((row["office"], row["person_id"]), ()):
                        client.offer(row)
            except (PyMongoError, Failure) as error:
                self._log.warning("live notices are read by polling", cause=type(error).__name__)
            self._opened.set()
            for client in self._everybody():
                client.read_anew()
            await asyncio.sleep(self._settings.stream_poll_seconds)

    def _everybody(self) -> list[Client]:
        return [client for clients in self._clients.values() for client in clients]


def now() -> datetime:
    return datetime.now(UTC)
