"""Fault 8: Kafka refuses a journal's row: it is too large, its topic is not there, or an ACL forbids it."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiokafka.admin import NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from pymongo import MongoClient

from services.embedded import Endpoints
from tests.eventually import eventually
from tests.faults.clerk import correct
from tests.faults.conftest import LabOpener
from tests.faults.evidence import Row, gather, ids_in, kafka, lags, partitions_of, unsent
from tests.faults.guarded import allow_writing, deny_writing, guarded_kafka
from tests.faults.lab import READERS, SCANNERS, Lab, opened_lab
from tests.faults.papers import papers
from tests.faults.replica import Replica

TOO_LARGE_BYTES = 4 * 1024 * 1024  # the producer itself refuses it
LARGE_BYTES, TOPIC_BYTES = 600_000, 300_000  # the broker refuses it; more than the producer puts into one batch
RETRIED_SECONDS = 60.0  # the relay tries again what was refused every 30 s
METRICS = {"VANTHU_METRICS_TOKEN": "ops"}


def _row(key: str, version: int, topic: str, value: str = "{}") -> Row:
    return {
        "_id": f"{key}:{version:08d}",
        "key": key,
        "version": version,
        "topic": topic,
        "type": "vanthu.document-described.v1",
        "office": "nowhere",
        "value": value,
        "headers": {"ce_id": f"{key}:{version}", "ce_type": "vanthu.document-described.v1"},
        "recorded_at": datetime.now(UTC),
        "unsent": True,
    }


def _refused(chance: random.Random) -> list[Row]:
    too_large = [_row("too-large", 1, "documents", "x" * TOO_LARGE_BYTES), _row("too-large", 2, "documents")]
    large = [_row("large", 1, "narrow", chance.randbytes(LARGE_BYTES // 2).hex()), _row("large", 2, "narrow")]
    rows = [*too_large, *large, *(_row("no-topic", version, "nowhere") for version in (1, 2, 3))]
    return chance.sample(rows, len(rows))


@pytest.mark.fault(8)
@pytest.mark.quick
@pytest.mark.timeout(300)
async def test_a_row_that_kafka_refuses_holds_up_its_own_key_only_until_its_cause_is_gone(
    seed: int, new_lab: LabOpener, figures: dict[str, Any]
) -> None:
    async with new_lab() as lab, lab.senders(seed) as senders:
        intake = lab.replica("intake", "intake", **METRICS)
        await lab.start(intake, lab.replica("readers", *READERS))
        chance = random.Random(seed)
        assert await _made(lab, "narrow", {"max.message.bytes": str(TOPIC_BYTES)}) == []
        with MongoClient[Row](lab.place.mongo_url) as client:
            events = client[f"{lab.place.prefix}_intake"]["events"]
            refused = _refused(chance)
            work = asyncio.create_task(
                senders.work(papers(seed, SCANNERS), count=100, connections=chance.randint(2, 8))
            )
            await asyncio.sleep(chance.random())
            with client.start_session() as session, session.start_transaction():  # as every service writes its rows
                events.insert_many(refused, session=session)
            await work
            await senders.settle()
            await _wait(events, {row["_id"] for row in refused})
            await _is_said(intake, "intake", at_least=5)

            assert await _made(lab, "nowhere", {}) == []
            await _widen(lab, "narrow")
            await _wait(events, {"too-large:00000001", "too-large:00000002"}, RETRIED_SECONDS)
            assert await _ids_of(lab, "nowhere") == ["no-topic:1", "no-topic:2", "no-topic:3"]
            assert await _ids_of(lab, "narrow") == ["large:1", "large:2"]
            assert events.delete_many({"office": "nowhere"}).deleted_count == len(refused)
        figures["seconds until quiet"] = round(await lab.until_quiet(), 2)
        figures |= await lab.judge()


@pytest.mark.fault(8)
@pytest.mark.timeout(400)
async def test_a_topic_that_kafka_forbids_waits_alone_and_goes_out_in_order_when_it_is_allowed(
    seed: int, servers: Endpoints, tmp_path: Path, figures: dict[str, Any]
) -> None:
    async with guarded_lab(servers, tmp_path) as lab, lab.senders(seed) as senders, kafka(lab.place) as (_, admin):
        intake, readers = lab.replica("intake", "intake"), lab.replica("readers", *READERS, **METRICS)
        await lab.start(intake, readers)
        await senders.work(papers(seed, SCANNERS), count=30, connections=8)
        await senders.settle()
        await lab.until_quiet()

        forbidden = f"{lab.place.prefix}.assignments"
        await deny_writing(admin, forbidden)
        await senders.work(papers(seed + 1000, SCANNERS), count=60, connections=8)
        await senders.settle()
        await eventually(lambda: _only_routing_waits(lab, 50), seconds=60)
        waiting = [row["key"] for row in (await gather(lab.place)).events["routing"] if row.get("unsent")]
        assert await correct(lab, intake.url, waiting[:10]) == 10
        await eventually(lambda: _only_routing_waits(lab, len(waiting) + 10), seconds=60)
        await _is_said(readers, "routing", at_least=len(waiting))

        await allow_writing(admin, forbidden)
        figures["seconds until quiet"] = round(await lab.until_quiet(RETRIED_SECONDS), 2)
        figures |= await lab.judge()
        assert await _keys_are_in_order(lab, "routing", "assignments")


@asynccontextmanager
async def guarded_lab(servers: Endpoints, folder: Path) -> AsyncIterator[Lab]:
    """With a broker of its own that has ACLs."""
    with guarded_kafka(folder / "kafka") as bootstrap:
        async with opened_lab(Endpoints(servers.mongo_url, bootstrap), folder / "lab") as lab:
            yield lab


async def _wait(events: Any, ids: set[str], seconds: float = 30.0) -> None:
    """Returns once these rows wait, and nothing else; of each key the first says why."""

    def others() -> set[str]:
        return {row["_id"] for row in events.find({"unsent": True}, {"_id": 1})} ^ ids

    async def only_these() -> bool:
        return not others()

    try:
        await eventually(only_these, seconds=seconds)
    except AssertionError as error:
        raise AssertionError(f"wait and should not, or should and do not: {sorted(others())}") from error
    stuck = {row["_id"]: row["stuck"] for row in events.find({"unsent": True, "stuck": {"$exists": True}})}
    assert {each for each in ids if each.endswith(":00000001")} <= set(stuck)
    assert all(stuck.values())


async def _made(lab: Lab, topic: str, options: dict[str, str]) -> list[int]:
    """The faults of making a topic."""
    async with kafka(lab.place) as (_, admin):
        answer = await admin.create_topics([NewTopic(f"{lab.place.prefix}.{topic}", 2, 1, topic_configs=options)])
        return [code for _, code, *_ in answer.topic_errors if code]


async def _widen(lab: Lab, topic: str) -> None:
    """As an operator does who has read what the log says."""
    wider = {"max.message.bytes": str(2 * LARGE_BYTES)}
    async with kafka(lab.place) as (_, admin):
        asked = [ConfigResource(ConfigResourceType.TOPIC, f"{lab.place.prefix}.{topic}", wider)]
        answers = await admin.alter_configs(asked)
        assert [code for answer in answers for code, *_ in answer.resources] == [0]


async def _ids_of(lab: Lab, topic: str) -> list[str]:
    async with kafka(lab.place) as (consumer, admin):
        return await ids_in(consumer, await partitions_of(admin, lab.place, [topic]))


async def _only_routing_waits(lab: Lab, at_least: int) -> bool:
    """All others have sent and read all there is."""
    waiting = await asyncio.to_thread(unsent, lab.place)
    others = {name: count for name, count in waiting.items() if name != "routing"}
    return waiting["routing"] >= at_least and not any(others.values()) and not any((await lags(lab.place)).values())


async def _is_said(replica: Replica, service: str, *, at_least: int) -> None:
    """In the service's log and in its metrics."""
    assert b"Kafka refuses" in replica.log.read_bytes()
    headers = {"Authorization": f"Bearer {METRICS['VANTHU_METRICS_TOKEN']}"}
    async with httpx.AsyncClient(base_url=replica.url, headers=headers) as client:

        async def shown() -> bool:
            lines = (await client.get(f"/{service}/metrics")).text.splitlines()
            found = [line.split()[1] for line in lines if line.startswith("vanthu_journal_stuck_rows")]
            return [float(each) >= at_least for each in found] == [True]

        await eventually(shown)


async def _keys_are_in_order(lab: Lab, service: str, topic: str) -> bool:
    """Whether each key's versions came to Kafka one after the other; with a key that has several."""
    evidence = await gather(lab.place)
    known = {row["headers"]["ce_id"]: row for row in evidence.events[service]}
    arrived: dict[str, list[int]] = {}
    for id in evidence.records[topic]:
        arrived.setdefault(known[id]["key"], []).append(known[id]["version"])
    assert max(map(len, arrived.values())) > 1
    return all(versions == sorted(versions) for versions in arrived.values())
