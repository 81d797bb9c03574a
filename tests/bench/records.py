"""Events as Kafka records: made from events or journal rows, fed to topics, read back by a plain consumer."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from services.chassis.envelope import Sayable, headers_of
from services.chassis.kafka import new_producer, topic_name
from services.chassis.mongo import Database
from services.chassis.settings import ChassisSettings
from services.chassis.trace import current_traceparent

WAVE = 1000


class Record(NamedTuple):
    """`topic` is without the installation's prefix."""

    topic: str
    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]


def record_of(event: Sayable) -> Record:
    headers = [(name, value.encode()) for name, value in headers_of(event, current_traceparent())]
    return Record(event.topic, event.key.encode(), event.model_dump_json().encode(), headers)


async def journal_of(database: Database) -> list[Record]:
    """All that a service has said, oldest first."""
    rows = database["events"].find({}).sort([("recorded_at", 1), ("_id", 1)])
    return [
        Record(
            row["topic"],
            row["key"].encode(),
            row["value"].encode(),
            [(n, v.encode()) for n, v in row["headers"].items()],
        )
        async for row in rows
    ]


async def feed(settings: ChassisSettings, records: Sequence[Record]) -> None:
    """Put all of them on the installation's topics, in order per key."""
    producer = new_producer(settings)
    await producer.start()
    try:
        for wave in _waves(records):
            sent = [
                await producer.send(topic_name(settings, each.topic), each.value, key=each.key, headers=each.headers)
                for each in wave
            ]
            await asyncio.gather(*sent)
    finally:
        await producer.stop()


def _waves(records: Sequence[Record]) -> Iterable[Sequence[Record]]:
    return (records[start : start + WAVE] for start in range(0, len(records), WAVE))
