"""What years of history cost: the same load on an installation with a long past and on one without, in turns.

The past is made of what the services themselves have kept of some documents, again and again under other ids and
numbers, so that every collection and index has the size that it would have.
"""

import asyncio
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

import bson
from pymongo import MongoClient
from pymongo.collection import Collection
from uuid_utils.compat import uuid7

from tests.bench.at_work import AtWork, at_work
from tests.bench.children import cpu_seconds
from tests.bench.figures import median, percentile, ratio
from tests.bench.results import Results
from tests.bench.stack import Stack

BENCH = "history"
STEP, STEPS = 100_000, 3
TEMPLATES, ROUNDS, SECONDS, CONNECTIONS = 1_000, 4, 8.0, 8
LEAST_RATIO = 0.9
PIECE_ROWS = 5_000
Row = dict[str, Any]
# database, collection, and where the document's id stands in a row of it
KEPT = (
    ("intake", "documents", "_id"),
    ("intake", "events", "key"),
    ("routing", "assignments", "_id"),
    ("routing", "events", "key"),
    ("notify", "audiences", "_id"),
    ("notify", "notices", "document_id"),
    ("notify", "events", "key"),
    ("reporting", "facts_1", "_id"),
)
OWN_IDS = frozenset({"notices"})


async def measure(stack: Stack, results: Results, steps: int = STEPS, rounds: int = ROUNDS) -> None:
    async with at_work(stack, listeners=False) as old, at_work(stack, listeners=False) as young:
        await _templates(old)
        quotients: list[float] = []
        for step in range(steps + 1):
            if step:
                await asyncio.to_thread(add_history, old, step)
            quotients.append(await _compare(old, young, step * STEP, results, rounds))
    results.details[BENCH] = [{"documents": step * STEP, "ratio": each} for step, each in enumerate(quotients)]


async def _templates(installation: AtWork) -> None:
    await installation.post(TEMPLATES / 50, per_second=50)
    while await installation.waiting():
        await asyncio.sleep(1)


async def _compare(old: AtWork, young: AtWork, history: int, results: Results, rounds: int) -> float:
    speeds: dict[str, list[float]] = {"old": [], "young": []}
    tails: dict[str, list[float]] = {"old": [], "young": []}
    costs: dict[str, list[float]] = {"old": [], "young": []}
    for _ in range(rounds):
        for name, installation in (("old", old), ("young", young)):
            speed, tail, cost = await _round(installation)
            speeds[name].append(speed)
            tails[name].append(tail)
            costs[name].append(cost)
    quotient = ratio(speeds["old"], speeds["young"])
    title = f"with {history:,} documents of history"
    results.add(BENCH, f"{title}", median(speeds["old"]), "documents/s")
    results.add(BENCH, f"{title}, p99", 1000 * median(tails["old"]), "ms")
    results.add(BENCH, f"{title}, CPU of the services", 1000 * median(costs["old"]), "ms/document")
    results.add(BENCH, f"{title} / without, documents/s", quotient, "x", least=LEAST_RATIO if history else None)
    results.add(BENCH, f"{title} / without, CPU", ratio(costs["old"], costs["young"]), "x")
    return quotient


async def _round(installation: AtWork) -> tuple[float, float, float]:
    """Documents per second, p99 in seconds, and CPU seconds per document until nothing waits."""
    before = cpu_seconds(installation.services.process)
    posted = await installation.post(SECONDS, connections=CONNECTIONS, warm_up=0.5)
    tail = percentile([post.answered_at - post.posted_at for post in posted.posts], 99)
    while await installation.waiting():
        await asyncio.sleep(1)
    spent = cpu_seconds(installation.services.process) - before
    return posted.per_second, tail, spent / len(posted.posts)


def add_history(installation: AtWork, step: int) -> None:
    """100,000 documents more, in a year of their own."""
    with MongoClient[Row](installation.stack.endpoints.mongo_url) as client:
        ids = [row["_id"] for row in _in(client, installation, "intake", "documents").find().limit(TEMPLATES)]
        kept = {(name, rows): list(_of(ids, client, installation, name, rows, field)) for name, rows, field in KEPT}
        for copy in range(STEP // len(ids)):
            new = {id: str(uuid7()) for id in ids}
            for (name, rows), templates in kept.items():
                again = [_again(id, row, new[id], rows, step, copy * len(ids)) for id, row in templates]
                _insert(_in(client, installation, name, rows), again)


def _in(client: MongoClient[Row], installation: AtWork, service: str, rows: str) -> Collection[Row]:
    return client[f"{installation.prefix}_{service}"][rows]


def _of(
    ids: Sequence[str], client: MongoClient[Row], installation: AtWork, service: str, rows: str, field: str
) -> Iterator[tuple[str, Row]]:
    found = list(_in(client, installation, service, rows).find({field: {"$in": list(ids)}}))
    assert found, f"{service} keeps nothing of a document in {rows}"
    return ((row[field], row) for row in found)


def _again(id: str, row: Row, new: str, rows: str, step: int, later: int) -> Row:
    """The same row of another document: ids are of one length, so they are replaced wherever they stand."""
    again: Row = bson.decode(bson.encode(row).replace(id.encode(), new.encode()))
    if rows in OWN_IDS:
        again["_id"] = str(uuid.uuid4())
    if rows == "documents":
        again |= {"year": row["year"] - step, "number": row["number"] + later, "idempotency_key": uuid.uuid4().hex}
    return again


def _insert(rows: Collection[Row], again: Sequence[Row]) -> None:
    for start in range(0, len(again), PIECE_ROWS):
        rows.insert_many(again[start : start + PIECE_ROWS], ordered=False)
