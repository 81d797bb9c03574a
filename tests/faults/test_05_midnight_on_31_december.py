"""Fault 5: midnight on 31 December passes while replicas whose clocks are off number documents, and one of them dies."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from pymongo import MongoClient

from services.embedded import Endpoints
from services.embedded.mongod import Mongod
from tests.eventually import eventually
from tests.faults.clocks import Clock, forget_the_dead, mongods_by, needs_a_clock
from tests.faults.cluster import MongoSet
from tests.faults.evidence import Row, gather
from tests.faults.lab import OUTGOING, READERS, SCANNERS, Lab, opened_lab
from tests.faults.ledger import Outcome
from tests.faults.load import Senders
from tests.faults.oracle import ZONE
from tests.faults.papers import papers

LEAD = timedelta(seconds=35)
LEAD_WITH_ELECTION = timedelta(seconds=90)  # an idle machine needs 15 to 25 of them until a primary is settled
BEFORE = timedelta(seconds=20)
AFTER = timedelta(seconds=15)
BEHIND_SECONDS = (150.0, 200.0)  # a member's clock, at least and at most: when it takes over it is still the old year
SLOW, FAST = timedelta(minutes=4), timedelta(minutes=1)  # within 5 minutes of every member's clock
TOO_MUCH = timedelta(minutes=10)
PAUSE_SECONDS = 0.2
BEGIN_SECONDS = 60.0  # then the clocks that are behind still show the old year


@dataclass
class Night:
    """The last minutes of the year, by the office's clock. `slow` and `fast` are intake's two replicas' own,
    `members` those of the database's members.
    """

    lab: Lab
    database: MongoSet
    office: Clock
    slow: Clock
    fast: Clock
    members: Sequence[Clock]

    def __post_init__(self) -> None:
        self.slow_one = self.lab.replica("slow", "intake", **self.slow.environment)
        self.fast_one = self.lab.replica("fast", "intake", **self.fast.environment)

    async def begin(self, lead: timedelta, slow: timedelta, fast: timedelta) -> datetime:
        """When the new year begins, in `lead` by the office's clock."""
        midnight = datetime(datetime.now(ZONE).year + 1, 1, 1, tzinfo=ZONE)
        ahead = midnight - lead - datetime.now(UTC)
        self.office.set(ahead)
        self.slow.set(ahead - slow)
        self.fast.set(ahead + fast)
        for clock in self.members:
            clock.set(ahead)
        return midnight

    async def leave_secondaries_behind(self, chance: random.Random) -> None:
        """Only now: clocks that jump ahead make the members elect somebody anew."""
        primary = await asyncio.to_thread(self.database.settled_primary)
        for clock, member in zip(self.members, self.database.members, strict=True):
            if member is not primary:
                clock.set(self.office.ahead - timedelta(seconds=chance.uniform(*BEHIND_SECONDS)))
        await self.until_seen()
        assert await asyncio.to_thread(self.database.primary) is primary

    async def until_seen(self) -> None:
        for clock, member in zip(self.members, self.database.members, strict=True):
            await clock.is_mongods(member)
        await self.slow.is_of(self.slow_one)
        await self.fast.is_of(self.fast_one)

    async def until(self, moment: datetime) -> None:
        await asyncio.sleep(max((moment - self.office.now()).total_seconds(), 0))

    def clock_of(self, member: Mongod) -> Clock:
        return self.members[self.database.members.index(member)]


@asynccontextmanager
async def night(kafka_bootstrap: str, folder: Path, members: int) -> AsyncIterator[Night]:
    """Ten minutes before midnight everything runs."""
    office, slow, fast, *own = (
        Clock(folder / name) for name in ("office", "slow", "fast", *(f"member {n}" for n in range(members)))
    )
    with mongods_by(own, folder / "servers") as database:
        servers = Endpoints(database.url, kafka_bootstrap)
        async with opened_lab(servers, folder / "lab", env=office.environment) as lab:
            result = Night(lab, database, office, slow, fast, own)
            await result.begin(timedelta(minutes=10), timedelta(), timedelta())
            for clock, member in zip(own, database.members, strict=True):
                await clock.is_mongods(member)
            await lab.start(result.slow_one, result.fast_one, lab.replica("readers", *READERS))
            yield result


@pytest.fixture(autouse=True)
def nothing_left_in_memory() -> Iterator[None]:
    yield
    forget_the_dead()


@pytest.mark.fault(5)
@pytest.mark.timeout(400)
@needs_a_clock
async def test_number_order_is_time_order_over_midnight_and_the_new_year_begins_at_1(
    seed: int, servers: Endpoints, tmp_path: Path, figures: dict[str, Any]
) -> None:
    chance = random.Random(seed)
    async with night(servers.kafka_bootstrap, tmp_path, members=3) as now, now.lab.senders(seed) as senders:
        midnight = await now.begin(LEAD_WITH_ELECTION, SLOW, FAST)
        await now.until_seen()
        await now.leave_secondaries_behind(chance)
        assert now.office.now() < midnight
        assert await _outcomes(now, senders, seed + 1000) == {"ok"}
        await now.until(midnight - BEFORE)
        work = asyncio.create_task(_work_until(midnight + AFTER, now, senders, seed))
        await now.until(midnight - timedelta(seconds=3 * chance.random()))
        chance.choice([now.slow_one, now.fast_one]).kill()
        await now.until(midnight + timedelta(seconds=chance.uniform(2, 4)))
        await eventually(lambda: asyncio.to_thread(_has_begun, now, midnight.year), seconds=BEGIN_SECONDS)
        await asyncio.to_thread(now.database.step_down)
        clock = now.clock_of(await asyncio.to_thread(now.database.primary))
        await _next_number(now, senders, seed)
        assert clock.now() < midnight, "the clock of the new primary was not behind"
        await now.lab.start(*(each for each in (now.slow_one, now.fast_one) if not each.alive))
        await work
        await senders.settle()
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
    async with night(servers.kafka_bootstrap, tmp_path, members=1) as now, now.lab.senders(seed) as senders:
        midnight = await now.begin(timedelta(minutes=1), timedelta(), timedelta())
        await now.until_seen()
        await senders.work(papers(seed, SCANNERS, outgoing=OUTGOING), count=40, connections=8)
        await senders.settle()
        before = await _documents(now)

        midnight = await now.begin(LEAD, TOO_MUCH, TOO_MUCH)
        await now.until_seen()
        assert now.office.now() < midnight
        assert await _outcomes(now, senders, seed + 1000) == {"unknown"}
        random.Random(seed).choice([now.slow_one, now.fast_one]).kill()
        await now.until(midnight + timedelta(seconds=1))
        await now.lab.start(*(each for each in (now.slow_one, now.fast_one) if not each.alive))
        assert await _outcomes(now, senders, seed + 2000) == {"unknown"}
        assert await _documents(now) == before

        for clock in (now.slow, now.fast):
            clock.set(now.office.ahead)
        await now.until_seen()
        await senders.settle()
        figures["seconds until quiet"] = round(await now.lab.until_quiet(60), 2)
        figures |= await now.lab.judge()
        new = [row["number"] for row in (await gather(now.lab.place)).documents if row["year"] == midnight.year]
        assert sorted(new) == [1, 2, 3, 4]


def _has_begun(now: Night, year: int) -> bool:
    with MongoClient[Row](now.database.url) as client:
        return client[f"{now.lab.place.prefix}_intake"]["documents"].find_one({"year": year}) is not None


async def _work_until(moment: datetime, now: Night, senders: Senders, seed: int) -> None:
    post = papers(seed, SCANNERS, outgoing=OUTGOING)
    while now.office.now() < moment:
        await senders.work(post, count=16, connections=8)


async def _next_number(now: Night, senders: Senders, seed: int) -> None:
    """Of a replica that lives, as soon as it may number again."""
    (alive,) = (each for each in (now.slow_one, now.fast_one) if each.alive)
    paper = next(papers(seed + 3000, SCANNERS, refused_share=0))
    while (await senders.post(paper, alive.url))[0] != "ok":
        await asyncio.sleep(PAUSE_SECONDS)


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
