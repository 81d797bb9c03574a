"""Fault 5: midnight on 31 December passes while replicas whose clocks are off number documents, and one of them dies."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from pymongo import MongoClient

from services.embedded import Endpoints
from tests.faults.clocks import Clock, mongod_by, needs_a_clock, step_down
from tests.faults.evidence import Row, gather
from tests.faults.lab import OUTGOING, READERS, SCANNERS, Lab, opened_lab
from tests.faults.ledger import Outcome
from tests.faults.load import Senders
from tests.faults.oracle import ZONE
from tests.faults.papers import papers

LEAD = timedelta(seconds=25)
AFTER = timedelta(seconds=20)
WITHIN_TOLERANCE, TOO_MUCH = timedelta(minutes=4), timedelta(minutes=10)


@dataclass
class Night:
    """The last minutes of the year, by the database's clock. `slow` and `fast` are intake's two replicas' own."""

    lab: Lab
    url: str
    database: Clock
    slow: Clock
    fast: Clock

    def __post_init__(self) -> None:
        self.slow_one = self.lab.replica("slow", "intake", **self.slow.environment)
        self.fast_one = self.lab.replica("fast", "intake", **self.fast.environment)

    async def begin(self, lead: timedelta, off: timedelta) -> datetime:
        """When the new year begins, in `lead` by the database's clock."""
        midnight = datetime(datetime.now(ZONE).year + 1, 1, 1, tzinfo=ZONE)
        ahead = midnight - lead - datetime.now(UTC)
        self.database.set(ahead)
        self.slow.set(ahead - off)
        self.fast.set(ahead + off)
        return midnight

    async def until_seen(self) -> None:
        await self.database.is_mongods(self.url)
        await self.slow.is_of(self.slow_one)
        await self.fast.is_of(self.fast_one)

    async def until(self, moment: datetime) -> None:
        await asyncio.sleep(max((moment - self.database.now()).total_seconds(), 0))


@asynccontextmanager
async def night(kafka_bootstrap: str, folder: Path) -> AsyncIterator[Night]:
    """Ten minutes before midnight everything runs, and all clocks agree."""
    database, slow, fast = (Clock(folder / name) for name in ("database", "slow", "fast"))
    with mongod_by(database, folder / "server") as url:
        servers = Endpoints(url, kafka_bootstrap)
        async with opened_lab(servers, folder / "lab", env=database.environment) as lab:
            result = Night(lab, url, database, slow, fast)
            await result.begin(timedelta(minutes=10), timedelta())
            await database.is_mongods(url)
            await lab.start(result.slow_one, result.fast_one, lab.replica("readers", *READERS))
            yield result


@pytest.mark.fault(5)
@pytest.mark.timeout(400)
@needs_a_clock
async def test_number_order_is_time_order_over_midnight_and_the_new_year_begins_at_1(
    seed: int, servers: Endpoints, tmp_path: Path, figures: dict[str, Any]
) -> None:
    chance = random.Random(seed)
    async with night(servers.kafka_bootstrap, tmp_path) as now, now.lab.senders(seed) as senders:
        midnight = await now.begin(LEAD, WITHIN_TOLERANCE)
        await now.until_seen()
        assert now.database.now() < midnight
        assert await _outcomes(now, senders, seed + 1000) == {"ok"}
        term = _term(now.url)
        work = asyncio.create_task(_work_until(midnight + AFTER, now, senders, seed))
        await now.until(midnight - timedelta(seconds=3 * chance.random()))
        chance.choice([now.slow_one, now.fast_one]).kill()
        await now.until(midnight + timedelta(seconds=chance.uniform(-1, 3)))
        await asyncio.to_thread(step_down, now.url)
        await now.lab.start(*(each for each in (now.slow_one, now.fast_one) if not each.alive))
        await work
        await senders.settle()
        assert _term(now.url) > term
        assert await _outcomes(now, senders, seed + 2000) == {"ok"}
        figures["seconds until quiet"] = round(await now.lab.until_quiet(60), 2)
        figures |= await now.lab.judge()
        years = [row["year"] for row in (await gather(now.lab.place)).documents]
        figures["old year"], figures["new year"] = years.count(midnight.year - 1), years.count(midnight.year)
        assert min(figures["old year"], figures["new year"]) > 5


@pytest.mark.fault(5)
@pytest.mark.timeout(400)
@needs_a_clock
async def test_replicas_whose_clocks_are_ten_minutes_off_number_nothing_until_they_are_right(
    seed: int, servers: Endpoints, tmp_path: Path, figures: dict[str, Any]
) -> None:
    async with night(servers.kafka_bootstrap, tmp_path) as now, now.lab.senders(seed) as senders:
        midnight = await now.begin(timedelta(minutes=1), timedelta())
        await now.until_seen()
        await senders.work(papers(seed, SCANNERS, outgoing=OUTGOING), count=40, connections=8)
        await senders.settle()
        before = await _documents(now)

        midnight = await now.begin(LEAD, TOO_MUCH)
        await now.until_seen()
        assert now.database.now() < midnight
        assert await _outcomes(now, senders, seed + 1000) == {"unknown"}
        random.Random(seed).choice([now.slow_one, now.fast_one]).kill()
        await now.until(midnight + timedelta(seconds=1))
        await now.lab.start(*(each for each in (now.slow_one, now.fast_one) if not each.alive))
        assert await _outcomes(now, senders, seed + 2000) == {"unknown"}
        assert await _documents(now) == before

        for clock in (now.slow, now.fast):
            clock.set(now.database.ahead)
        await now.until_seen()
        await senders.settle()
        figures["seconds until quiet"] = round(await now.lab.until_quiet(60), 2)
        figures |= await now.lab.judge()
        new = [row["number"] for row in (await gather(now.lab.place)).documents if row["year"] == midnight.year]
        assert sorted(new) == [1, 2, 3, 4]


async def _work_until(moment: datetime, now: Night, senders: Senders, seed: int) -> None:
    post = papers(seed, SCANNERS, outgoing=OUTGOING)
    while now.database.now() < moment:
        await senders.work(post, count=16, connections=8)


async def _outcomes(now: Night, senders: Senders, seed: int) -> set[Outcome]:
    """Of a document posted to each replica. One without a number was told that the clocks disagree, and stays open."""
    post = papers(seed, SCANNERS, refused_share=0)
    found: set[Outcome] = set()
    for address in now.lab.intakes():
        paper = next(post)
        outcome, answer = await senders.post(paper, address)
        if outcome == "unknown":
            senders.open.append(paper)
            assert _problem(answer) == "urn:vanthu:problem:clock-disagrees"
        found.add(outcome)
    return found


def _problem(answer: httpx.Response | None) -> Any:
    return answer.json()["type"] if answer is not None else None


async def _documents(now: Night) -> list[tuple[str, int]]:
    return sorted((row["_id"], row["number"]) for row in (await gather(now.lab.place)).documents)


def _term(url: str) -> int:
    with MongoClient[Row](url) as client:
        return int(client.admin.command("replSetGetStatus")["term"])
