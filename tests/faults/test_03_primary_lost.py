"""Fault 3: the primary is lost while it alone holds a commit; it steps down; two of three members are down."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from pymongo.errors import AutoReconnect
from pymongo.read_concern import ReadConcern

from services.embedded.mongod import Mongod
from tests.eventually import eventually
from tests.faults.cluster import Cluster, direct, freeze, kill, thaw, until
from tests.faults.evidence import Place, gather
from tests.faults.lab import OUTGOING, READERS, SCANNERS, Lab, opened_lab
from tests.faults.ledger import Paper
from tests.faults.load import Senders
from tests.faults.papers import papers

STEP_DOWNS = 5
ISOLATED_SECONDS = 2.0  # the relay looks every half second for what it may send, and must not see what may be undone
LEASE = {"VANTHU_RELAY_LEASE_SECONDS": "60"}  # long enough for it to look on when it cannot renew
ROLLBACK_SECONDS = 90.0
ACCEPTED_SECONDS = 90.0
SAID_SECONDS = 60.0
QUIET_SECONDS = 60.0
ANSWER_SECONDS = 40.0  # a question to a database that is away


@pytest.mark.fault(3)
@pytest.mark.timeout(600)
async def test_a_commit_that_only_the_lost_primary_had_is_undone_and_its_number_goes_to_one_document(
    seed: int, cluster: Cluster, tmp_path: Path, figures: dict[str, Any]
) -> None:
    async with _at_work(seed, cluster, tmp_path) as (lab, senders):
        post = papers(seed, SCANNERS, outgoing=OUTGOING)
        await senders.work(post, count=60, connections=8)
        await lab.until_quiet(QUIET_SECONDS)  # else the relay waits for a majority with what it has in its hands
        old = await asyncio.to_thread(cluster.mongo.primary)
        others = [each for each in cluster.mongo.members if each is not old]
        for each in others:
            kill(each)
        chance = random.Random(seed)
        work = asyncio.create_task(senders.work(post, count=60, connections=chance.randint(2, 8)))
        await _unreplicated(lab.place, old)
        await asyncio.sleep(ISOLATED_SECONDS + chance.random())
        alone = await _unreplicated(lab.place, old)
        freeze(old)
        for each in others:
            each.launch()
        await asyncio.to_thread(cluster.mongo.primary, others)
        good = next(papers(seed + 1000, SCANNERS, refused_share=0))
        figures["seconds until the new primary's first document"] = await _accepted(senders, good)
        await work
        thaw(old)
        await asyncio.to_thread(until, partial(_has_none, lab.place, old, alone), ROLLBACK_SECONDS, "rolled back")
        figures["documents undone"] = len(alone)
        figures |= await _settled(lab, senders)


@pytest.mark.fault(3)
@pytest.mark.timeout(600)
async def test_primaries_that_step_down_under_load_cost_no_document_and_no_number(
    seed: int, cluster: Cluster, tmp_path: Path, figures: dict[str, Any]
) -> None:
    async with _at_work(seed, cluster, tmp_path) as (lab, senders):
        before = await asyncio.to_thread(cluster.mongo.term)
        post = papers(seed, SCANNERS, outgoing=OUTGOING)
        chance = random.Random(seed)
        for _ in range(STEP_DOWNS):
            work = asyncio.create_task(senders.work(post, count=100, connections=chance.randint(2, 8)))
            await asyncio.sleep(chance.random())
            await asyncio.to_thread(cluster.mongo.step_down)
            await work
        figures["elections"] = await asyncio.to_thread(cluster.mongo.term) - before
        assert figures["elections"] >= STEP_DOWNS
        figures |= await _settled(lab, senders)


@pytest.mark.fault(3)
@pytest.mark.timeout(600)
async def test_with_two_of_three_members_down_uploads_are_put_off_until_they_are_back(
    seed: int, cluster: Cluster, tmp_path: Path, figures: dict[str, Any]
) -> None:
    async with _at_work(seed, cluster, tmp_path) as (lab, senders):
        post = papers(seed, SCANNERS, outgoing=OUTGOING)
        await senders.work(post, count=60, connections=8)
        primary = await asyncio.to_thread(cluster.mongo.primary)
        chance = random.Random(seed)
        down = [primary, chance.choice([each for each in cluster.mongo.members if each is not primary])]
        chance.shuffle(down)
        for each in down:
            kill(each)
        good = papers(seed + 1000, SCANNERS, refused_share=0)
        answer = await eventually(lambda: _put_off(senders, next(good)), seconds=SAID_SECONDS)
        assert answer is not None
        assert answer.json()["type"] in {"urn:vanthu:problem:unavailable", "urn:vanthu:problem:outcome-unknown"}
        assert int(answer.headers["retry-after"]) >= 1
        assert await _readiness(lab) == 503
        for each in down:
            each.launch()
        figures["seconds until the first document"] = await _accepted(senders, next(good))
        assert await _readiness(lab) == 200
        await senders.work(post, count=60, connections=8)
        figures |= await _settled(lab, senders)


@asynccontextmanager
async def _at_work(seed: int, cluster: Cluster, folder: Path) -> AsyncIterator[tuple[Lab, Senders]]:
    async with opened_lab(cluster.endpoints, folder, replication=3) as lab, lab.senders(seed) as senders:
        await lab.start(lab.replica("intake", "intake", **LEASE), lab.replica("readers", *READERS, **LEASE))
        yield lab, senders


async def _settled(lab: Lab, senders: Senders) -> dict[str, Any]:
    """Judged; and Kafka has no event that only a lost primary knew of."""
    await senders.settle()
    quiet_seconds = round(await lab.until_quiet(QUIET_SECONDS), 2)
    evidence = await gather(lab.place)
    assert evidence.in_kafka() <= evidence.in_journals()
    return {"seconds until quiet": quiet_seconds, **await lab.judge()}


async def _accepted(senders: Senders, paper: Paper) -> float:
    return round(await senders.until_accepted(paper, ACCEPTED_SECONDS), 2)


async def _put_off(senders: Senders, paper: Paper) -> httpx.Response | None:
    """The answer 503, if there is one; it must not be taken, and is sent again when all is well."""
    outcome, answer = await senders.post(paper)
    assert outcome == "unknown"
    senders.open.append(paper)
    return answer


async def _readiness(lab: Lab) -> int:
    async with httpx.AsyncClient(timeout=ANSWER_SECONDS) as client:
        return (await client.get(f"{lab.replicas['intake'].url}/intake/health/ready")).status_code


def _ids(place: Place, member: Mongod, level: str) -> set[str]:
    with direct(member) as client:
        rows = client[f"{place.prefix}_intake"].get_collection("documents", read_concern=ReadConcern(level))
        return {row["_id"] for row in rows.find({}, {"_id": 1})}


async def _unreplicated(place: Place, member: Mongod) -> set[str]:
    """Documents whose commit this member has and no majority."""

    async def found() -> set[str]:
        local, agreed = await asyncio.to_thread(_both, place, member)
        return local - agreed

    return await eventually(found, seconds=SAID_SECONDS)


def _both(place: Place, member: Mongod) -> tuple[set[str], set[str]]:
    return _ids(place, member, "local"), _ids(place, member, "majority")


def _has_none(place: Place, member: Mongod, ids: set[str]) -> bool:
    """Whether it has rolled them back and follows the new primary."""
    try:
        with direct(member) as client:
            follows = client.admin.command("hello")["secondary"]
        return bool(follows) and not ids & _ids(place, member, "local")
    except AutoReconnect:  # it closes all connections when it rolls back
        return False
