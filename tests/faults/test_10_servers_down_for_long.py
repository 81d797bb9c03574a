"""Fault 10: Kafka is away for long, then MongoDB; the services are never restarted."""

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.embedded import EmbeddedServers, Endpoints
from tests.eventually import eventually
from tests.faults.cluster import until
from tests.faults.evidence import gather, said_versions, unsent
from tests.faults.lab import OFFICE, OUTGOING, READERS, SCANNERS, Lab, opened_lab
from tests.faults.ledger import histories
from tests.faults.load import Senders
from tests.faults.papers import papers
from tests.harness import as_bearer
from tests.notify.receiver import Receiver, receiver

AWAY_SECONDS = 22.0
NEWS_SECONDS = 12.0
NEWS = {"VANTHU_NEWS_HOURS": str(NEWS_SECONDS / 3600), "VANTHU_WEBHOOK_ALLOW_PRIVATE_ADDRESSES": "true"}
REFUSED_SECONDS = 10.0
BACK_SECONDS = 90.0
HANDED_ON = ("chuyen-vien-qt-01", "chuyen-vien-qt-02", "chuyen-vien-qt-03")
FIRST, MOVED = 12, 5  # documents before Kafka goes away, and how many of them change hands while it is away


@pytest.mark.fault(10)
@pytest.mark.timeout(600)
async def test_with_kafka_down_for_long_uploads_go_on_and_old_events_reach_nobody_outside(
    seed: int, tmp_path: Path, figures: dict[str, Any]
) -> None:
    async with _at_work(seed, tmp_path) as (lab, senders, kafka, _), receiver() as hook:
        await _subscribe(lab, hook)
        post = papers(seed, SCANNERS, outgoing=OUTGOING, refused_share=0)
        await senders.work(papers(seed + 1000, SCANNERS, refused_share=0), count=FIRST, connections=4)
        documents = await _told_of(lab, hook)
        told = len(hook.requests)
        await _cut(kafka, "kafka")
        moves = [(each, person) for each in documents[:MOVED] for person in HANDED_ON]
        versions = {move: await _hand_on(lab, *move) for move in moves}
        away_since = time.monotonic()
        while time.monotonic() - away_since < AWAY_SECONDS:
            await senders.work(post, count=20, connections=4)
            await asyncio.sleep(0.5)
        waiting = await asyncio.to_thread(unsent, lab.place)
        accepted = [each for each in histories(lab.ledger.path).values() if each.outcome == "ok"]
        assert waiting["intake"] >= len(accepted) - FIRST > 0
        assert waiting["routing"] == len(moves) > 0
        back_at = datetime.now(UTC)
        await _back(kafka)
        figures["seconds until quiet"] = round(await lab.until_quiet(BACK_SECONDS), 2)
        figures["events that waited"] = sum(waiting.values())
        figures |= await lab.judge()
        assert figures["attempts without an answer"] == 0
        assert await _out_of_order(lab) == []
        noticed = {(row["document_id"], row["person_id"]) for row in (await gather(lab.place)).notices}
        assert set(moves) <= noticed
        news = await _hand_on(lab, documents[0], HANDED_ON[0])
        assert await eventually(lambda: _has(hook, documents[0], news))
        assert not [each for each in versions.items() if await _has(hook, each[0][0], each[1])]
        oldest = back_at - timedelta(seconds=NEWS_SECONDS)
        assert all(datetime.fromisoformat(each["timestamp"]) > oldest for each in _payloads(hook)[told:])


@pytest.mark.fault(10)
@pytest.mark.timeout(600)
async def test_with_mongodb_down_for_long_uploads_are_put_off_at_once_and_go_on_by_themselves(
    seed: int, tmp_path: Path, figures: dict[str, Any]
) -> None:
    async with _at_work(seed, tmp_path) as (lab, senders, _, mongo):
        post = papers(seed, SCANNERS, outgoing=OUTGOING, refused_share=0)
        await senders.work(post, count=60, connections=8)
        before = sum(each.outcome == "ok" for each in histories(lab.ledger.path).values())
        await _cut(mongo, "mongod")
        away_since, longest = time.monotonic(), 0.0
        while time.monotonic() - away_since < AWAY_SECONDS:
            paper = next(post)
            asked = time.monotonic()
            _, answer = await senders.post(paper)
            longest = max(longest, time.monotonic() - asked)
            assert answer is not None
            _is_put_off(answer)
            senders.open.append(paper)
        figures["seconds until 503, at most"] = round(longest, 2)
        assert longest < REFUSED_SECONDS
        await _back(mongo)
        assert len((await gather(lab.place)).documents) == before
        good = next(papers(seed + 1000, SCANNERS, refused_share=0))
        figures["seconds until the first document"] = round(await senders.until_accepted(good, BACK_SECONDS), 2)
        await senders.settle()
        figures["seconds until quiet"] = round(await lab.until_quiet(BACK_SECONDS), 2)
        figures |= await lab.judge()
        assert all(each.alive for each in lab.replicas.values())


@asynccontextmanager
async def _at_work(seed: int, folder: Path) -> AsyncIterator[tuple[Lab, Senders, EmbeddedServers, EmbeddedServers]]:
    """With Kafka and MongoDB of this test's own, so that nobody else is without them."""
    kafka = EmbeddedServers(folder / "kafka", mongo_url="mongodb://unused:1")
    mongo = EmbeddedServers(folder / "mongo", kafka_bootstrap="unused:1")
    try:
        endpoints = Endpoints(mongo.start().mongo_url, kafka.start().kafka_bootstrap)
        async with opened_lab(endpoints, folder / "lab") as lab, lab.senders(seed) as senders:
            intake = lab.replica("intake", "intake")
            await lab.start(intake, lab.replica("readers", *READERS, **NEWS))
            yield lab, senders, kafka, mongo
    finally:
        kafka.stop()
        mongo.stop()


async def _cut(servers: EmbeddedServers, name: str) -> None:
    os.kill(servers.processes()[name], signal.SIGKILL)
    await asyncio.to_thread(until, lambda: servers.ended() == [name], BACK_SECONDS, f"{name} ends")


async def _back(servers: EmbeddedServers) -> None:
    servers.stop()
    servers.start()


async def _subscribe(lab: Lab, hook: Receiver) -> None:
    await lab.until_quiet()  # until notify has heard of the people
    token = lab.vanthu.json("token", "create", "--office", OFFICE, "--person", "quan-tri-he-thong")["token"]
    url = f"{lab.replicas['readers'].url}/notify/api/v1/webhooks"
    async with httpx.AsyncClient() as client:
        answer = await client.post(url, json={"url": hook.url}, headers=as_bearer(token))
    assert answer.status_code == 201, answer.text


async def _told_of(lab: Lab, hook: Receiver) -> list[str]:
    """The documents of which the receiver has heard, once it has heard all."""
    await lab.until_quiet()

    async def all_sent() -> bool:
        rows = (await gather(lab.place)).deliveries
        return bool(rows) and all(row["status"] == "delivered" for row in rows)

    await eventually(all_sent)
    return list(dict.fromkeys(each["data"]["document_id"] for each in _payloads(hook)))


async def _hand_on(lab: Lab, document: str, person: str) -> int:
    """The assignment's version when the clerk has given it to this person."""
    url = f"{lab.replicas['readers'].url}/routing/api/v1/documents/{document}"
    async with httpx.AsyncClient(headers=as_bearer(lab.token)) as clerk:
        seen = (await clerk.get(url)).json()["version"]
        answer = await clerk.post(f"{url}/reassign", json={"expected_version": seen, "person_id": person})
    assert answer.status_code == 200, answer.text
    version: int = answer.json()["version"]
    return version


def _payloads(hook: Receiver) -> list[dict[str, Any]]:
    return [json.loads(each.body) for each in hook.requests]


async def _has(hook: Receiver, document: str, version: int) -> bool:
    return any(
        (each["data"]["document_id"], each["data"]["version"]) == (document, version) for each in _payloads(hook)
    )


async def _out_of_order(lab: Lab) -> list[str]:
    """Keys of which Kafka has a later version in front of an earlier one; each version counts where it stands first."""
    found = await said_versions(lab.place)
    return [key for key, versions in found.items() if (firsts := list(dict.fromkeys(versions))) != sorted(firsts)]


def _is_put_off(answer: httpx.Response) -> None:
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:vanthu:problem:unavailable"
    assert int(answer.headers["retry-after"]) >= 1
