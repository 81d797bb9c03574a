"""The producer's own book of events: written in the transaction that made the fact, never deleted.

A row waits with `unsent: true` until the relay has Kafka's acknowledgement. Kafka is transport; this
collection is the truth that `resend` and `rebuild` read.
"""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import chain, repeat
from typing import Any, TypeVar

from pymongo import ASCENDING, IndexModel

from services.chassis.envelope import MAX_EVENT_BYTES, Sayable, headers_of
from services.chassis.epoch import Epochs
from services.chassis.errors import Failure
from services.chassis.mongo import BlockingSession, Collection, Database, Row, Session, Transactions, blocking
from services.chassis.trace import current_traceparent

T = TypeVar("T")
UNSENT = "unsent_in_order"  # to be named in a query: MongoDB takes a partial index by itself only to search by its keys


class EventTooLarge(Failure):
    """The event would not pass through Kafka; nothing of the transaction may stand."""


class Journal:
    """Rows `{_id: "key:version", key, version, epoch, topic, type, office, value, headers, recorded_at, unsent}`.

    A row without `epoch` is of the first. All that is appended is said in the epoch that `prepare` has found.
    """

    def __init__(self, database: Database, transactions: Transactions, epoch: int = 0) -> None:
        self.rows = database["events"]
        self._transactions = transactions
        self._epochs = Epochs(database)
        self._epoch = epoch
        self._listeners: list[Callable[[], None]] = []

    async def prepare(self) -> None:
        """Indexes, and the epoch. Raises Halted where a restore has not come to its end."""
        self._epoch = await self._epochs.settled()
        await self.prepare_indexes()

    async def prepare_indexes(self) -> None:
        waiting = {"unsent": True}
        await self.rows.create_indexes(
            [
                IndexModel(
                    [("key", ASCENDING), ("version", ASCENDING), ("topic", ASCENDING)],
                    name=UNSENT,
                    partialFilterExpression=waiting,
                ),
                IndexModel([("recorded_at", ASCENDING)], name="unsent_age", partialFilterExpression=waiting),
            ]
        )

    def on_commit(self, listener: Callable[[], None]) -> None:
        """Call `listener` after each committed transaction, to wake whoever waits for new rows."""
        self._listeners.append(listener)

    async def transact(self, body: Callable[[Session], Awaitable[T]]) -> T:
        """Run the body in a transaction, then wake the relay. Errors as in `Transactions`."""
        result = await self._transactions.run(body)
        self._committed()
        return result

    async def transact_in_thread(self, body: Callable[[BlockingSession], T]) -> T:
        """As `transact`, with a body for `Transactions.run_in_thread`."""
        result = await self._transactions.run_in_thread(body)
        self._committed()
        return result

    def _committed(self) -> None:
        for listener in self._listeners:
            listener()

    async def append(
        self, events: Iterable[Sayable], session: Session, traceparents: Iterable[str | None] = ()
    ) -> None:
        """Part of the caller's transaction. Raises EventTooLarge before anything is written.

        `traceparents` are the events' own, in their order, where one transaction serves several requests.
        """
        if rows := _rows_of(events, traceparents, self._epoch):
            await self.rows.insert_many(rows, session=session)

    def append_in_thread(
        self, events: Iterable[Sayable], session: BlockingSession, traceparents: Iterable[str | None] = ()
    ) -> None:
        """As `append`, within the body of `transact_in_thread`."""
        if rows := _rows_of(events, traceparents, self._epoch):
            blocking(self.rows).insert_many(rows, session=session)

    async def read(
        self, *, topic: str | None = None, key: str | None = None, since: datetime | None = None
    ) -> AsyncIterator[Row]:
        """Every row there is, oldest first within each key; at any size."""
        wanted: dict[str, Any] = {}
        if topic:
            wanted["topic"] = topic
        if key:
            wanted["key"] = key
        if since:
            wanted["recorded_at"] = {"$gte": since}
        async for row in self.rows.find(wanted).sort("_id", ASCENDING).batch_size(1000):
            yield row


def _rows_of(events: Iterable[Sayable], traceparents: Iterable[str | None], epoch: int) -> list[Row]:
    current = current_traceparent()
    traces = chain(traceparents, repeat(None))
    return [row_of(in_epoch(event, epoch), own or current) for event, own in zip(events, traces, strict=False)]


def in_epoch(event: Sayable, epoch: int) -> Sayable:
    """The event as it is said in this epoch; what is of a later one stays so."""
    return event if event.epoch >= epoch else event.model_copy(update={"epoch": epoch})


def row_id(key: str, version: int) -> str:
    """Sorts by key, then version."""
    return f"{key}:{version:08d}"


def row_of(event: Sayable, traceparent: str) -> Row:
    """The row of an event; raises EventTooLarge above 256 KB."""
    value = event.model_dump_json()
    if len(value.encode()) > MAX_EVENT_BYTES:
        raise EventTooLarge(f"event {event.event_id} is larger than {MAX_EVENT_BYTES} bytes")
    return row_with(event, value, dict(headers_of(event, traceparent)))


def row_with(event: Sayable, value: str, headers: Mapping[str, str]) -> Row:
    """The row of an event that is written already: its value and headers stay as they are."""
    epoch = {"epoch": event.epoch} if event.epoch else {}
    return {
        "_id": row_id(event.key, event.version),
        "key": event.key,
        "version": event.version,
        **epoch,
        "topic": event.topic,
        "type": event.type,
        "office": event.office,
        "value": value,
        "headers": dict(headers),
        "recorded_at": event.recorded_at,
        "unsent": True,
    }


def order_of(row: Row) -> tuple[int, int]:
    """By which readers tell what is newer."""
    return row.get("epoch", 0), row["version"]


def restated(row: Row, version: int, epoch: int) -> Row:
    """The same said again, at this version of this epoch."""
    value = {**json.loads(row["value"]), "version": version, "epoch": epoch}
    named = {"_id": row_id(row["key"], version), "version": version, "epoch": epoch, "unsent": True}
    headers = {**row["headers"], "ce_id": f"{row['key']}:{version}"}
    return {**row, **named, "value": json.dumps(value, ensure_ascii=False), "headers": headers}


def rows_about(keys: Iterable[str]) -> dict[str, Any]:
    """A query for all rows of these subjects that the primary key answers."""
    return {"$or": [{"_id": {"$gt": f"{key}:", "$lt": f"{key};"}} for key in keys]}


async def waiting_rows(rows: Collection, most: int) -> tuple[int, list[Row]]:
    """How many rows wait to be sent, and some of them with what they are stuck on; at any size of the journal."""
    waiting = {"unsent": True}
    hint: Any = {"hint": UNSENT} if UNSENT in await rows.index_information() else {}  # a service makes it at its start
    count = await rows.count_documents(waiting, **hint)
    return count, await rows.find(waiting, {"stuck": 1}, **hint).limit(most).to_list(most)


def in_waves(rows: Sequence[Row]) -> list[list[Row]]:
    """Rows in order, split so that no wave holds a key twice: one row per key in flight."""
    waves: list[list[Row]] = []
    depth: dict[str, int] = {}
    for row in rows:
        index = depth.get(row["key"], 0)
        depth[row["key"]] = index + 1
        if index == len(waves):
            waves.append([])
        waves[index].append(row)
    return waves
