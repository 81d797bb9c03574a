"""Fault 7: the relay's process is frozen past its lease and goes on; it dies between Kafka's answer and its mark."""

import asyncio
import random
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from pymongo import MongoClient

from tests.eventually import eventually
from tests.faults.conftest import LabOpener
from tests.faults.evidence import Row
from tests.faults.lab import OUTGOING, READERS, SCANNERS, Lab
from tests.faults.ledger import Paper
from tests.faults.load import Senders
from tests.faults.papers import papers

FROZEN_SECONDS = 7.0  # the lease is 5 s
TAKEN_OVER_SECONDS = 30.0
PAUSE_SECONDS = 0.1


@pytest.mark.fault(7)
@pytest.mark.timeout(300)
async def test_a_relay_that_was_frozen_past_its_lease_changes_nothing_when_it_goes_on(
    seed: int, new_lab: LabOpener, figures: dict[str, Any]
) -> None:
    chance = random.Random(seed)
    async with new_lab() as lab, lab.senders(seed) as senders:
        names = {"intake": ("one", "two"), "routing": ("readers", "other readers")}
        for service, pair in names.items():
            for name in pair:
                lab.replica(name, *(READERS if service == "routing" else (service,)))
        await lab.start(*lab.replicas.values())
        post = papers(seed, SCANNERS, outgoing=OUTGOING)
        await senders.work(post, count=30, connections=8)
        for service, pair in names.items():
            frozen = await asyncio.to_thread(_holder, lab, service)
            (other,) = (each for each in pair if each != frozen)
            address = lab.replicas["one" if service != "intake" else other].url
            enough = asyncio.Event()
            work = asyncio.create_task(_post_to(address, senders, post, enough))
            await asyncio.sleep(chance.random())
            lab.replicas[frozen].freeze()
            began, since = time.monotonic(), datetime.now(UTC)
            await eventually(partial(_sends, lab, service, other, since), seconds=TAKEN_OVER_SECONDS)
            figures[f"seconds until another {service} sent"] = round(time.monotonic() - began, 1)
            await asyncio.sleep(max(FROZEN_SECONDS - (time.monotonic() - began), 0))
            lab.replicas[frozen].thaw()
            enough.set()
            await work
        await senders.settle()
        figures["seconds until quiet"] = round(await lab.until_quiet(), 2)
        figures |= await lab.judge()


def _holder(lab: Lab, service: str) -> str:
    """The replica that sends this service's events."""
    with MongoClient[Row](lab.place.mongo_url) as client:
        lease = client[f"{lab.place.prefix}_{service}"]["leases"].find_one({"_id": "relay"})
    assert lease is not None
    return str(lease["holder"])


async def _post_to(address: str, senders: Senders, post: Iterator[Paper], enough: asyncio.Event) -> None:
    """To this replica only: the other one may be frozen and answer nobody."""

    async def one() -> None:
        while not enough.is_set():
            assert (await senders.post(next(post), address))[0] != "unknown"
            await asyncio.sleep(PAUSE_SECONDS)

    await asyncio.gather(*(one() for _ in range(4)))


async def _sends(lab: Lab, service: str, replica: str, since: datetime) -> bool:
    """Whether this replica has the lease, and events have been sent since that moment."""
    return await asyncio.to_thread(_has_sent, lab, service, since) and (
        await asyncio.to_thread(_holder, lab, service) == replica
    )


def _has_sent(lab: Lab, service: str, since: datetime) -> bool:
    with MongoClient[Row](lab.place.mongo_url) as client:
        found = client[f"{lab.place.prefix}_{service}"]["events"].find_one({"sent_at": {"$gt": since}})
    return found is not None


@pytest.mark.fault(7)
@pytest.mark.timeout(300)
@pytest.mark.parametrize("point", [pytest.param("event acknowledged", marks=pytest.mark.quick), "event marked"])
async def test_a_relay_killed_about_its_mark_sends_again_and_everything_takes_effect_once(
    point: str, seed: int, new_lab: LabOpener, figures: dict[str, Any]
) -> None:
    async with new_lab() as lab, lab.senders(seed) as senders:
        intake, readers = lab.replica("intake", "intake"), lab.replica("readers", *READERS)
        await lab.start(intake, readers)
        await senders.work(papers(seed, SCANNERS), count=40, connections=8)
        await intake.terminate()
        intake.start(f"crash:{point}:{random.Random(seed).randint(1, 3)}")
        await intake.until_ready()
        work = asyncio.create_task(senders.work(papers(seed + 1000, SCANNERS), count=150, connections=2))
        await intake.until_ended(40)
        assert intake.struck.read_text() == point
        intake.start()
        await work
        await senders.settle()
        figures["seconds until quiet"] = round(await lab.until_quiet(), 2)
        figures |= await lab.judge()
