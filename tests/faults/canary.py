"""Where a text still stands: every database, every file of an installation, its logs and metrics, and Kafka."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import httpx
from bson.raw_bson import RawBSONDocument
from pymongo import MongoClient

from tests.faults.evidence import TOPICS, Place, kafka, partitions_of
from tests.faults.replica import Replica

READ_SECONDS = 60.0


async def places_with(text: str, place: Place, logs: Path, replicas: Sequence[Replica], metrics_token: str) -> set[str]:
    """Names of what holds the text: `collection …`, `file …`, `log …`, `metrics …` and `topic …`."""
    wanted = text.encode()
    found = set(await asyncio.to_thread(_in_databases, wanted, place))
    found |= {f"file {_kind(path, place.data)}" for path in _with(wanted, place.data.rglob("*"))}
    found |= {f"log {path.name}" for path in _with(wanted, logs.glob("*.log"))}
    found |= await _in_metrics(text, replicas, metrics_token)
    return found | await _in_kafka(wanted, place)


def _in_databases(wanted: bytes, place: Place) -> Iterator[str]:
    """All but `local`, which is the server's own; in BSON as it is stored."""
    with MongoClient[RawBSONDocument](place.mongo_url, document_class=RawBSONDocument) as client:
        for name in client.list_database_names():
            if name == "local":
                continue
            for collection in client[name].list_collection_names():
                if any(wanted in row.raw for row in client[name][collection].find()):
                    yield f"collection {name.removeprefix(place.prefix + '_')}.{collection}"


def _with(wanted: bytes, paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_file() and wanted in path.read_bytes():
            yield path


def _kind(path: Path, data: Path) -> str:
    """Its folder within the data folder, and `.part` where it is half a file."""
    return path.relative_to(data).parts[0] + ("" if path.suffix != ".part" else ".part")


async def _in_metrics(text: str, replicas: Sequence[Replica], token: str) -> set[str]:
    found = set()
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=10) as client:
        for replica in replicas:
            for name in replica.services:
                page = await client.get(f"{replica.url}/{name}/metrics")
                assert page.status_code == 200, page.text
                if text in page.text:
                    found.add(f"metrics {name}")
    return found


async def _in_kafka(wanted: bytes, place: Place) -> set[str]:
    """Everything that a reader can still get: keys, values and headers."""
    found = set()
    async with kafka(place) as (consumer, admin), asyncio.timeout(READ_SECONDS):
        partitions = await partitions_of(admin, place, TOPICS)
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        ends = await consumer.end_offsets(partitions)
        while any([await consumer.position(each) < ends[each] for each in partitions]):
            for partition, records in (await consumer.getmany(timeout_ms=200)).items():
                for record in records:
                    if any(wanted in part for part in (record.key, record.value, *(v for _, v in record.headers))):
                        found.add(f"topic {partition.topic.rpartition('.')[2]}")
    return found
