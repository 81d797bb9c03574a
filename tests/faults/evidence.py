"""What is really there: MongoDB, the file store, the register log and Kafka, read without any of the product's code."""

import asyncio
import hashlib
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from pymongo import MongoClient
from pymongo.read_concern import ReadConcern

Row = dict[str, Any]
SERVICES = ("intake", "routing", "notify", "reporting")
TOPICS = ("office", "documents", "assignments", "notices")
HEARS = {
    "intake": ("office", "assignments"),
    "routing": ("documents",),
    "notify": ("office", "documents", "assignments"),
    "reporting": TOPICS,
}
READ_SECONDS = 30.0
PART_SUFFIX = ".part"


@dataclass(frozen=True)
class Place:
    """An installation: its servers, the prefix of its databases and topics, and its data folder."""

    mongo_url: str
    kafka_bootstrap: str
    prefix: str
    data: Path
    office: str


@dataclass(frozen=True)
class Record:
    """One of Kafka's: the event's id, and the SHA-256 of its words."""

    partition: int
    offset: int
    id: str
    digest: str


@dataclass
class Evidence:
    """Rows by collection; dead letters with their `service`. `files` are SHA-256 by document id.

    `bytes_at` are SHA-256 by path of all that lies in the file store or its trash, also of halves. `log` is what
    Kafka has by topic, `starts` the first readable offsets by topic and partition.
    """

    documents: list[Row]
    assignments: list[Row]
    loads: list[Row]
    notices: list[Row]
    deliveries: list[Row]
    facts: list[Row]
    counters: list[Row]
    books: list[Row]
    events: dict[str, list[Row]]
    dead_letters: list[Row]
    files: dict[str, str]
    partial_files: list[str]
    logged: list[Row]
    bytes_at: dict[str, str] = field(default_factory=dict)
    log: dict[str, list[Record]] = field(default_factory=dict)
    starts: dict[str, dict[int, int]] = field(default_factory=dict)

    @property
    def records(self) -> dict[str, list[str]]:
        """The ids of events by topic, each partition's in order."""
        return {topic: [each.id for each in records] for topic, records in self.log.items()}

    def in_kafka(self) -> set[tuple[str, str]]:
        """Topic and id of each event: an id is one producer's own."""
        return {(topic, id) for topic, ids in self.records.items() for id in ids}

    def in_journals(self, *, sent: bool = False) -> set[tuple[str, str]]:
        """All, or those that are marked as sent."""
        rows = [row for each in self.events.values() for row in each if not (sent and row.get("unsent"))]
        return {(row["topic"], row["headers"]["ce_id"]) for row in rows}


async def gather(place: Place) -> Evidence:
    evidence = await asyncio.to_thread(_stored, place)
    evidence.log = await _log(place)
    evidence.starts = await _starts(place)
    return evidence


def _stored(place: Place) -> Evidence:
    with MongoClient[Row](place.mongo_url) as client:
        intake, routing, notify, reporting = (client[f"{place.prefix}_{name}"] for name in SERVICES)

        def rows(database: Any, name: str) -> list[Row]:
            return list(database.get_collection(name, read_concern=ReadConcern("majority")).find())

        current = next((row["current"] for row in rows(reporting, "projection") if row["current"]), None) or {}
        databases = dict(zip(SERVICES, (intake, routing, notify, reporting), strict=True))
        return Evidence(
            documents=rows(intake, "documents"),
            assignments=rows(routing, "assignments"),
            loads=rows(routing, "loads"),
            notices=rows(notify, "notices"),
            deliveries=rows(notify, "deliveries"),
            facts=rows(reporting, f"facts_{current.get('facts', 1)}"),
            counters=rows(reporting, f"counters_{current.get('counters', 1)}"),
            books=rows(intake, "books"),
            events={name: rows(database, "events") for name, database in databases.items()},
            dead_letters=[
                {**row, "service": name}
                for name, database in databases.items()
                for row in rows(database, "dead_letters")
            ],
            logged=list(_logged(place.data / "register")),
            **_files(place.data),
        )


def _files(data: Path) -> dict[str, Any]:
    """The fields of the evidence that the file store tells of."""
    found = {path: _sha256(path) for name in ("files", "trash") for path in (data / name).glob("*/*/*")}
    stored = {path: digest for path, digest in found.items() if path.is_relative_to(data / "files") and digest}
    return {
        "files": {path.name: digest for path, digest in stored.items() if path.suffix != PART_SUFFIX},
        "partial_files": [path.name for path in stored if path.suffix == PART_SUFFIX],
        "bytes_at": {str(path.relative_to(data)): digest for path, digest in found.items() if digest},
    }


def _sha256(path: Path) -> str:
    """Empty where it is gone meanwhile."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        return ""


def _logged(folder: Path) -> Iterator[Row]:
    for path in folder.glob("*.jsonl"):
        for text in path.read_bytes().splitlines():
            try:
                line = json.loads(text)
            except ValueError:  # a line that a crash tore
                continue
            if "id" in line:
                yield line


@asynccontextmanager
async def kafka(place: Place) -> AsyncIterator[tuple[AIOKafkaConsumer, AIOKafkaAdminClient]]:
    consumer = AIOKafkaConsumer(bootstrap_servers=place.kafka_bootstrap, enable_auto_commit=False)
    admin = AIOKafkaAdminClient(bootstrap_servers=place.kafka_bootstrap)
    await consumer.start()
    try:
        await admin.start()
        yield consumer, admin
    finally:
        await admin.close()
        await consumer.stop()


async def partitions_of(admin: AIOKafkaAdminClient, place: Place, topics: Sequence[str]) -> list[TopicPartition]:
    described = await admin.describe_topics([f"{place.prefix}.{topic}" for topic in topics])
    found = [TopicPartition(topic["topic"], each["partition"]) for topic in described for each in topic["partitions"]]
    assert len({each.topic for each in found}) == len(topics), f"of {topics} there are {found}"
    return sorted(found)


async def _log(place: Place) -> dict[str, list[Record]]:
    async with kafka(place) as (consumer, admin):
        found = {topic: await _read(consumer, await partitions_of(admin, place, [topic])) for topic in TOPICS}
    return {topic: [_record(each) for each in records] for topic, records in found.items()}


def _record(raw: Any) -> Record:
    digest = hashlib.sha256(raw.value or b"").hexdigest()
    return Record(raw.partition, raw.offset, _id_of(raw), digest)


def _id_of(raw: Any) -> str:
    headers: dict[str, bytes] = dict(raw.headers)
    return headers.get("ce_id", b"").decode()


async def _starts(place: Place) -> dict[str, dict[int, int]]:
    async with kafka(place) as (consumer, admin):
        found = {topic: await partitions_of(admin, place, [topic]) for topic in TOPICS}
        first = await consumer.beginning_offsets([each for partitions in found.values() for each in partitions])
    return {topic: {each.partition: first[each] for each in partitions} for topic, partitions in found.items()}


async def said_versions(place: Place) -> dict[str, list[int]]:
    """The versions of each topic's and key's events, in the order in which Kafka has them."""
    found: dict[str, list[int]] = defaultdict(list)
    async with kafka(place) as (consumer, admin):
        for record in await _read(consumer, await partitions_of(admin, place, TOPICS)):
            found[f"{record.topic}/{record.key.decode()}"].append(json.loads(record.value)["version"])
    return found


async def ids_in(consumer: AIOKafkaConsumer, partitions: Sequence[TopicPartition]) -> list[str]:
    return [_id_of(each) for each in await _read(consumer, partitions)]


async def _read(consumer: AIOKafkaConsumer, partitions: Sequence[TopicPartition]) -> list[Any]:
    """All records there are, each partition's in order."""
    consumer.assign(partitions)
    await consumer.seek_to_beginning(*partitions)
    ends = await consumer.end_offsets(partitions)
    found: list[Any] = []
    async with asyncio.timeout(READ_SECONDS):
        while any([await consumer.position(each) < ends[each] for each in partitions]):
            for records in (await consumer.getmany(timeout_ms=200)).values():
                found += records
    return found


async def lags(place: Place, services: Sequence[str] = SERVICES) -> dict[str, int]:
    """How many records each service has still to read; a position that is missing counts the whole log."""
    found = await standings(place, services)
    return {service: sum(end - max(position, 0) for position, end in each) for service, each in found.items()}


async def standings(place: Place, services: Sequence[str] = SERVICES) -> dict[str, list[tuple[int, int]]]:
    """Where each service stands in each partition that it hears, and that partition's end; -1 where it stands nowhere."""
    async with kafka(place) as (consumer, admin):
        found: dict[str, list[tuple[int, int]]] = {}
        for service in services:
            partitions = await partitions_of(admin, place, HEARS[service])
            ends = await consumer.end_offsets(partitions)
            positions = await admin.list_consumer_group_offsets(f"{place.prefix}.{service}", partitions=partitions)
            at = {each: positions[each].offset if each in positions else -1 for each in partitions}
            found[service] = [(at[each], ends[each]) for each in partitions]
        return found


def unsent(place: Place) -> dict[str, int]:
    """Events that wait for Kafka, by service."""
    with MongoClient[Row](place.mongo_url) as client:
        return {name: client[f"{place.prefix}_{name}"]["events"].count_documents({"unsent": True}) for name in SERVICES}


def pending_deliveries(place: Place) -> int:
    """Webhooks that are still to be sent, or to be sent again."""
    with MongoClient[Row](place.mongo_url) as client:
        return client[f"{place.prefix}_notify"]["deliveries"].count_documents({"pending": True})
