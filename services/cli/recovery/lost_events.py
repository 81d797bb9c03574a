"""Events that Kafka has and a journal has lost, put back as they were said."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing

from services.chassis.envelope import Incoming, RawRecord, Vocabulary
from services.chassis.errors import InvalidRecord
from services.chassis.journal import order_of, row_with, rows_about
from services.chassis.kafka import started_consumer
from services.chassis.mongo import Collection, Row
from services.chassis.newest import partitions_of
from services.chassis.settings import ChassisSettings
from services.events import EVENTS, DocumentIssued, DocumentReceived

RECORDS_AT_ONCE = 1000
SILENT_MILLISECONDS = 500
VOCABULARY = Vocabulary(EVENTS)
FIRST_EVENTS = (DocumentReceived, DocumentIssued)


def belongs(kept: Mapping[int, int], epoch: int, version: int) -> bool:
    """Whether an event was lost. `kept` are the epochs of what the journal has of its subject, by version.

    What an older epoch said at or above a version at which a later one began is of a time that a restore undid.
    """
    undone = any(later > epoch and began <= version for began, later in kept.items())
    return kept.get(version, -1) < epoch and not undone


async def put_back(settings: ChassisSettings, topic: str, rows: Collection, *, dry: bool) -> AsyncIterator[int]:
    """How many events of each piece of the topic the journal had lost; readers will be sent them again."""
    async for records in _records(settings, topic):
        events = _events(records)
        kept = await _kept({each.event.key for each in events}, rows)
        lost = 0
        for each in sorted(events, key=lambda each: (each.event.key, each.event.epoch, each.event.version)):
            event = each.event
            known = kept.setdefault(event.key, {})
            if belongs(known, event.epoch, event.version):
                lost += 1
                known[event.version] = event.epoch
                if not dry:
                    row = _row(each)
                    await rows.replace_one({"_id": row["_id"]}, row, upsert=True)
        yield lost


async def tells_of_documents(settings: ChassisSettings) -> bool:
    """Whether Kafka has the first event of any document."""
    async with aclosing(_records(settings, "documents")) as pieces:
        async for records in pieces:
            if any(isinstance(each.event, FIRST_EVENTS) for each in _events(records)):
                return True
    return False


async def beyond(settings: ChassisSettings, topic: str, rows: Collection) -> dict[str, tuple[int, int]]:
    """What readers may have heard of each subject, where that is newer than all that the journal has of it."""
    newer: dict[str, tuple[int, int]] = {}
    async for records in _records(settings, topic):
        events = [each.event for each in _events(records)]
        kept = await _kept({each.key for each in events}, rows)
        for event in events:
            order = (event.epoch, event.version)
            if known := kept.get(event.key):
                newest = max((epoch, version) for version, epoch in known.items())
                if order > max(newest, newer.get(event.key, newest)):
                    newer[event.key] = order
    return newer


def _events(records: Sequence[RawRecord]) -> list[Incoming]:
    """What nobody can read is nobody's loss."""
    events = []
    for record in records:
        try:
            events.append(VOCABULARY.read(record))
        except InvalidRecord:
            continue
    return events


async def _kept(keys: set[str], rows: Collection) -> dict[str, dict[int, int]]:
    found: dict[str, dict[int, int]] = {}
    if keys:
        async for row in rows.find(rows_about(sorted(keys)), {"key": 1, "version": 1, "epoch": 1}):
            epoch, version = order_of(row)
            found.setdefault(row["key"], {})[version] = epoch
    return found


def _row(incoming: Incoming) -> Row:
    record = incoming.record
    headers = {name: value.decode() for name, value in record.headers}
    return row_with(incoming.event, (record.value or b"").decode(), headers)


async def _records(settings: ChassisSettings, topic: str) -> AsyncGenerator[list[RawRecord], None]:
    """Everything that the topic holds now; nothing where Kafka has no such topic."""
    async with started_consumer(settings) as consumer:
        partitions = await partitions_of(settings, topic)
        consumer.assign(partitions)
        if partitions:
            await consumer.seek_to_beginning(*partitions)
        ends = await consumer.end_offsets(partitions)
        while any([await consumer.position(each) < ends[each] for each in partitions]):
            found = await consumer.getmany(timeout_ms=SILENT_MILLISECONDS, max_records=RECORDS_AT_ONCE)
            yield [record for records in found.values() for record in records]
