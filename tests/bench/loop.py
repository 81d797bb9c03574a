"""What hand-written consumers share: clients, the rows to write, how an event is decoded, and a stopwatch."""

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from services.chassis.kafka import client_options, new_producer, topic_name
from services.chassis.mongo import Client, Collection, Database, Row, connect
from services.chassis.settings import ChassisSettings
from services.events import EVENTS
from tests.bench.patterns import JOURNAL, Patterns
from tests.bench.writing import Writes, writes_of

MODELS = {each.type: each for each in EVENTS}
BATCH = 500


@dataclass(frozen=True)
class Loop:
    """On the installation that `VANTHU_*` names."""

    settings: ChassisSettings
    client: Client
    database: Database
    consumer: AIOKafkaConsumer
    producer: AIOKafkaProducer
    writes: Writes | None

    @property
    def journal(self) -> Collection:
        return self.database[JOURNAL]

    async def say(self, row: Row) -> Any:
        """A future of Kafka's acknowledgement."""
        headers = [(name, value.encode()) for name, value in row["headers"].items()]
        topic = topic_name(self.settings, row["topic"])
        return await self.producer.send(topic, row["value"].encode(), key=row["key"].encode(), headers=headers)


@asynccontextmanager
async def opened(kind: str, service: str, pattern_prefix: str, topics: Sequence[str]) -> AsyncIterator[Loop]:
    """Connected, with empty collections like the service's; `pattern_prefix` names the run it wrote them in."""
    settings = ChassisSettings()
    client = connect(settings.mongo_url.get_secret_value())
    names = [topic_name(settings, topic) for topic in topics]
    group = f"{settings.kafka_topic_prefix}.{kind}-{service}"
    consumer = AIOKafkaConsumer(
        *names, **client_options(settings), group_id=group, enable_auto_commit=False, auto_offset_reset="earliest"
    )
    producer = new_producer(settings)
    database = client[f"{settings.mongo_database_prefix}_{kind}_{service}"]
    writes = await _writes(client, database, service, pattern_prefix) if service else None
    await consumer.start()
    await producer.start()
    try:
        yield Loop(settings, client, database, consumer, producer, writes)
    finally:
        await consumer.stop()
        await producer.stop()
        client.close()


async def _writes(client: Client, database: Database, service: str, pattern_prefix: str) -> Writes:
    documents = [row["_id"] async for row in client[f"{pattern_prefix}_bench"]["documents"].find({})]
    patterns = await Patterns.read(client[f"{pattern_prefix}_{service}"], documents)
    await patterns.prepare(database)
    writes = writes_of(service, database, patterns)
    await writes.begin()
    return writes


def decode(record: Any) -> Any:
    name = next(value for header, value in record.headers if header == "ce_type")
    return MODELS[name.decode()].model_validate_json(record.value)


@dataclass
class Stopwatch:
    """Wall and CPU time of this process from the first event on."""

    marks: dict[str, tuple[float, float]] = field(default_factory=dict)

    def mark(self, name: str) -> None:
        """Only the first time counts."""
        self.marks.setdefault(name, (time.perf_counter(), time.process_time()))

    def figures(self, events: int) -> dict[str, float]:
        (began, cpu), (applied, applied_cpu), (told, told_cpu) = (
            self.marks[name] for name in ("began", "applied", "told")
        )
        return {
            "events": events,
            "applied_seconds": applied - began,
            "told_seconds": told - began,
            "cpu_seconds_applied": applied_cpu - cpu,
            "cpu_seconds": told_cpu - cpu,
        }
