"""Fault 7: the relay's process is frozen past its lease and goes on; it dies between Kafka's answer and its mark."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from pymongo import MongoClient

from tests.eventually import eventually
from tests.faults.conftest import LabOpener
from tests.faults.evidence import Evidence, Row, gather
from tests.faults.lab import OUTGOING, READERS, SCANNERS, Lab
from tests.faults.ledger import Paper
from tests.faults.load import Senders
from tests.faults.papers import papers
from tests.faults.replica import Replica

RELAYS, OTHERS = ("intake", "routing"), ("notify", "reporting")
POINTS = ["events to send", "event acknowledged"]
OF_SENDINGS = 3, 12  # in which one it freezes, at least and at most
STRIKE_SECONDS = 60.0
FROZEN_SECONDS = 7.0  # the lease is 5 s
TAKEN_OVER_SECONDS = 30.0
PAUSE_SECONDS = 0.1


@pytest.mark.fault(7)
@pytest.mark.timeout(300)
async def test_a_relay_that_was_frozen_past_its_lease_changes_nothing_when_it_goes_on(
    seed: int, new_lab: LabOpener, figures: dict[str, Any]
) -> None:
    """Frozen with events in its hands: of one service read and not sent, of the other acknowledged and not marked."""
    chance = random.Random(seed)
    points = chance.sample(POINTS, len(POINTS))
    async with new_lab() as lab, lab.senders(seed) as senders:
        await lab.start(lab.replica("others", *OTHERS))
        for service, point in zip(RELAYS, points, strict=True):
            frozen, other = lab.replica(service, service), lab.replica(f"other {service}", service)
            frozen.start(f"freeze:{point}:{chance.randint(*OF_SENDINGS)}")
            await frozen.until_ready()
            await eventually(partial(_holds, lab, service, frozen))
            await lab.start(other)
        post = papers(seed, SCANNERS, outgoing=OUTGOING)
        enough = asyncio.Event()
        work = asyncio.create_task(_post_to(lab.replicas["other intake"].url, senders, post, enough))
        replaced = await asyncio.gather(*map(partial(_replaced_and_going_on, lab), RELAYS, points))
        figures |= {f"seconds until another {name} sent": each for name, each in zip(RELAYS, replaced, strict=True)}
        enough.set()
        await work
        await senders.settle()
        figures["seconds until quiet"] = round(await lab.until_quiet(), 2)
        figures |= await lab.judge()
        evidence = await gather(lab.place)
        for service in RELAYS:
            again = figures[f"events that {service} sent again"] = _sent_again(evidence, service)
            assert again, f"the relay of {service} had nothing in its hands that another has sent, too"


async def _replaced_and_going_on(lab: Lab, service: str, point: str) -> float:
    """The one that is to freeze does, another sends in its place, and only then it goes on. Seconds until that sent."""
    frozen, other = lab.replicas[service], lab.replicas[f"other {service}"]
    await eventually(partial(_has_struck, frozen), seconds=STRIKE_SECONDS)
    assert frozen.struck.read_text() == point
    began, since = time.monotonic(), datetime.now(UTC)
    await eventually(partial(_sends, lab, service, other, since), seconds=TAKEN_OVER_SECONDS)
    seconds = round(time.monotonic() - began, 1)
    await asyncio.sleep(max(FROZEN_SECONDS - (time.monotonic() - began), 0))
    frozen.thaw()
    return seconds


async def _has_struck(replica: Replica) -> bool:
    """Its process has stopped, too: the proof is written a moment before."""
    return replica.struck.exists() and replica.is_stopped


async def _holds(lab: Lab, service: str, replica: Replica) -> bool:
    return await asyncio.to_thread(_holder, lab, service) == replica.name


def _sent_again(evidence: Evidence, service: str) -> int:
    """How many events of its journal are in Kafka more than once."""
    topics = {row["topic"] for row in evidence.events[service]}
    times = Counter(record.id for topic in topics for record in evidence.log.get(topic, ()))
    return sum(times[row["headers"]["ce_id"]] > 1 for row in evidence.events[service])


def _holder(lab: Lab, service: str) -> str:
    """The replica that sends this service's events."""
    with MongoClient[Row](lab.place.mongo_url) as client:
        lease = client[f"{lab.place.prefix}_{service}"]["leases"].find_one({"_id": "relay"})
    return str(lease["holder"]) if lease else ""


async def _post_to(address: str, senders: Senders, post: Iterator[Paper], enough: asyncio.Event) -> None:
    """To this replica only: the other one may be frozen and answer nobody."""

    async def one() -> None:
        while not enough.is_set():
            assert (await senders.post(next(post), address))[0] != "unknown"
            await asyncio.sleep(PAUSE_SECONDS)

    await asyncio.gather(*(one() for _ in range(4)))


async def _sends(lab: Lab, service: str, replica: Replica, since: datetime) -> bool:
    """Whether this replica has the lease, and events have been sent since that moment."""
    return await asyncio.to_thread(_has_sent, lab, service, since) and await _holds(lab, service, replica)


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
