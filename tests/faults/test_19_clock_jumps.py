"""Fault 19: the wall clock jumps a day forward and back, of the services alone and of the database with them."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from pymongo import MongoClient

from services.embedded import Endpoints
from tests.faults.clocks import Clock, forget_the_dead, mongods_by, needs_a_clock
from tests.faults.cluster import MongoSet
from tests.faults.evidence import Row, gather
from tests.faults.lab import OFFICE, OUTGOING, READERS, SCANNERS, Lab, opened_lab
from tests.faults.ledger import Paper
from tests.faults.load import Senders
from tests.faults.oracle import ZONE
from tests.faults.papers import papers
from tests.faults.replica import Replica

DAY = timedelta(days=1)
LONGEST_DEADLINE = timedelta(days=90)
CLERK = "van-thu"
SAME_DAY = "same-day"


@pytest.fixture(autouse=True)
def nothing_left_in_memory() -> Iterator[None]:
    yield
    forget_the_dead()


@pytest.mark.fault(19)
@pytest.mark.timeout(400)
@needs_a_clock
async def test_a_service_whose_clock_alone_jumps_numbers_nothing_until_it_is_right(
    seed: int, servers: Endpoints, tmp_path: Path, figures: dict[str, Any]
) -> None:
    clock = Clock(tmp_path / "clock")
    async with opened_lab(servers, tmp_path / "lab", env=clock.environment) as lab, lab.senders(seed) as senders:
        intake, readers = lab.replica("intake", "intake"), lab.replica("readers", *READERS)
        await lab.start(intake, readers)
        post, more = papers(seed, SCANNERS, refused_share=0), papers(seed + 1000, SCANNERS, outgoing=OUTGOING)
        for jump in random.Random(seed).sample((DAY, -DAY), 2):
            numbered, refused = next(post), next(post)
            assert (await senders.post(numbered))[0] == "ok"
            clock.set(jump)
            await clock.is_of(intake, readers)
            outcome, answer = await senders.post(refused)
            assert outcome == "unknown"
            assert answer is not None
            assert answer.json()["type"] == "urn:vanthu:problem:clock-disagrees"
            assert (await senders.post(numbered))[0] == "ok"  # who has a number is told it at any time
            clock.set(timedelta())
            await clock.is_of(intake, readers)
            assert (await senders.post(refused))[0] == "ok"
            await senders.work(more, count=30, connections=8)
        await senders.settle()
        figures["seconds until quiet"] = round(await lab.until_quiet(), 2)
        figures |= await lab.judge()


@dataclass
class Day:
    """All services and their database live by one clock. `begin` is what it is ahead of the real time at first."""

    lab: Lab
    senders: Senders
    clock: Clock
    database: MongoSet
    begin: timedelta
    load: Iterator[Paper]
    paper: Paper
    numbers: Iterator[int] = field(default_factory=count)

    async def jump(self, ahead: timedelta) -> None:
        self.clock.set(self.begin + ahead)
        await self.clock.is_mongods(self.database.members[0])
        await self.clock.is_of(*(each for each in self.lab.replicas.values() if each.alive))

    async def work(self) -> None:
        """Everything goes on, also a document that says nothing of its day."""
        await self.senders.work(self.load, count=40, connections=8)
        await self.senders.settle()
        for arrived_on in (self.paper.metadata["arrived_on"], None):
            metadata = {**self.paper.metadata, "arrived_on": arrived_on}
            key = f"{SAME_DAY if arrived_on else 'today'}-{next(self.numbers)}"
            paper = replace(self.paper, key=key, metadata=metadata)
            await self.senders.deliver(paper)
        await self.senders.settle()


@asynccontextmanager
async def day(seed: int, kafka_bootstrap: str, folder: Path) -> AsyncIterator[Day]:
    clock, begin = Clock(folder / "clock"), _within_one_year()
    clock.set(begin)
    with mongods_by([clock], folder / "server") as database:
        servers = Endpoints(database.url, kafka_bootstrap)
        async with opened_lab(servers, folder / "lab", env=clock.environment) as lab, lab.senders(seed) as senders:
            load = papers(seed, SCANNERS, outgoing=OUTGOING)
            yield Day(lab, senders, clock, database, begin, load, next(papers(seed + 1000, SCANNERS, refused_share=0)))


def _within_one_year() -> timedelta:
    """A week on when a new year is near: at its beginning a clock that goes back finds a book of the next year."""
    now = datetime.now(ZONE)
    return timedelta() if (now - 3 * DAY).year == (now + 3 * DAY).year else timedelta(days=7)


@pytest.mark.fault(19)
@pytest.mark.timeout(600)
@needs_a_clock
async def test_when_all_clocks_jump_work_goes_on_in_order_and_no_dead_holder_of_a_lease_is_waited_for(
    seed: int, servers: Endpoints, tmp_path: Path, figures: dict[str, Any]
) -> None:
    async with day(seed, servers.kafka_bootstrap, tmp_path) as today:
        lab = today.lab
        intakes = [lab.replica(name, "intake") for name in ("one", "two")]
        readers = [lab.replica(name, *READERS) for name in ("readers", "other readers")]
        await lab.start(*intakes, *readers)
        await today.work()
        for jump in random.Random(seed).sample((DAY, -DAY), 2):
            await today.jump(jump)
            await today.work()
            await lab.until_quiet()
            killed = [_kill_holder(today, "intake", intakes), _kill_holder(today, "routing", readers)]
            await today.jump(timedelta())
            await today.work()
            figures["seconds until quiet"] = round(await lab.until_quiet(), 2)
            await lab.start(*killed)
        figures |= await lab.judge()
        await _deadlines_are_sane(today)


def _kill_holder(today: Day, service: str, replicas: list[Replica]) -> Replica:
    """Whoever sends this service's events; it dies with its lease in its hands."""
    with MongoClient[Row](today.database.url) as client:
        leases = client[f"{today.lab.place.prefix}_{service}"]["leases"]
        lease = leases.find_one({"_id": "relay"})
    assert lease is not None
    victim = next(each for each in replicas if each.name == lease["holder"])
    victim.kill()
    return victim


async def _deadlines_are_sane(today: Day) -> None:
    """Counted from the day of the arrival, whatever the clock said when it was decided."""
    evidence = await gather(today.lab.place)
    arrived = {row["_id"]: date.fromisoformat(row["arrived_on"]) for row in evidence.documents}
    keys = {row["_id"]: row["idempotency_key"] for row in evidence.documents}
    due = {row["document_id"]: date.fromisoformat(row["state"]["due_on"]) for row in evidence.assignments}
    assert due
    assert all(timedelta() <= day - arrived[id] <= LONGEST_DEADLINE for id, day in due.items())
    same = {due[id] for id, key in keys.items() if key.startswith(SAME_DAY)}
    assert len(same) == 1


@pytest.mark.fault(19)
@pytest.mark.timeout(400)
@needs_a_clock
async def test_a_token_is_good_only_within_its_hours_by_whatever_clock_there_is(
    seed: int, servers: Endpoints, tmp_path: Path
) -> None:
    async with day(seed, servers.kafka_bootstrap, tmp_path) as today:
        intake = today.lab.replica("intake", "intake")
        await today.lab.start(intake, today.lab.replica("readers", *READERS))
        _, answer = await today.senders.post(today.paper)
        assert answer is not None
        await today.lab.until_quiet()  # until intake has heard of the people
        document = f"{intake.url}/intake/api/v1/documents/{answer.json()['id']}"
        before = await _token(today.lab)
        assert await _may_read(document, before)

        await today.jump(DAY)
        ahead = await _token(today.lab)
        assert (await _may_read(document, before), await _may_read(document, ahead)) == (False, True)
        await today.jump(timedelta())
        assert (await _may_read(document, before), await _may_read(document, ahead)) == (True, False)
        await today.jump(DAY + timedelta(hours=2))
        assert (await _may_read(document, before), await _may_read(document, ahead)) == (False, False)
        await today.jump(-DAY)
        assert (await _may_read(document, before), await _may_read(document, ahead)) == (False, False)


async def _token(lab: Lab) -> str:
    arguments = ("token", "create", "--office", OFFICE, "--person", CLERK, "--hours", "1")
    token: str = (await asyncio.to_thread(lab.vanthu.json, *arguments))["token"]
    return token


async def _may_read(url: str, token: str) -> bool:
    async with httpx.AsyncClient(timeout=20) as client:
        answer = await client.get(url, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code in {200, 401}, answer.text
    return answer.status_code == 200
