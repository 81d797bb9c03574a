"""Fault 11: Kafka has lost a consumer group's position."""

import asyncio
import random
from typing import Any

import pytest
from aiokafka.admin import RecordsToDelete
from aiokafka.protocol.admin import DeleteGroupsRequest

from tests.faults.conftest import LabOpener
from tests.faults.evidence import HEARS, SERVICES, kafka, lags, partitions_of, unsent
from tests.faults.lab import OUTGOING, READERS, SCANNERS, Lab
from tests.faults.papers import papers
from tests.faults.replica import Replica


@pytest.mark.fault(11)
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("loss", "service", "away"),
    [
        pytest.param("group forgotten", "reporting", "ended", marks=pytest.mark.quick),
        ("log cut", "routing", "ended"),
        ("log cut", "notify", "frozen"),
    ],
)
async def test_a_reader_that_lost_its_position_stops_and_says_so_and_a_resend_heals_it(
    loss: str, service: str, away: str, seed: int, new_lab: LabOpener, figures: dict[str, Any]
) -> None:
    async with new_lab() as lab, lab.senders(seed) as senders:
        readers = {name: lab.replica(name, name) for name in READERS}
        await lab.start(lab.replica("intake", "intake"), *readers.values())
        post = papers(seed, SCANNERS, outgoing=OUTGOING)
        chance = random.Random(seed)
        await senders.work(post, count=chance.randint(20, 60), connections=chance.randint(1, 8))
        await lab.until_quiet()

        work = asyncio.create_task(senders.work(post, count=80, connections=chance.randint(1, 8)))
        await asyncio.sleep(chance.random() / 2)
        await _leave(readers[service], away)
        await work
        await senders.work(post, count=20, connections=4)
        await senders.settle()
        await _until_only_behind(lab, service)
        await LOSSES[loss](lab, service)
        said_bytes = readers[service].log.stat().st_size
        _come_back(readers[service], away)
        await _says(readers[service], f"lost its position on {lab.place.prefix}.", said_bytes)
        assert (await lags(lab.place, [service]))[service], "it went on without what it missed"
        await readers[service].terminate()

        await asyncio.to_thread(lab.vanthu.run, "resend", "--service", service, "--yes")
        await lab.start(readers[service])
        figures["seconds until quiet"] = round(await lab.until_quiet(), 2)
        figures |= await lab.judge()


async def _leave(replica: Replica, away: str) -> None:
    if away == "frozen":  # it finds out while it reads, and not when it starts
        replica.freeze()
    else:
        assert await replica.terminate() == 0


def _come_back(replica: Replica, away: str) -> None:
    if away == "frozen":
        replica.thaw()
    else:
        replica.start()


async def _forget_group(lab: Lab, service: str) -> None:
    """What Kafka itself does with a group that was away for too long."""
    async with kafka(lab.place) as (_, admin):
        group = f"{lab.place.prefix}.{service}"
        node = await admin.find_coordinator(group)
        answer = await admin._send_request(DeleteGroupsRequest([group]), node)
        assert [code for _, code in answer.results] == [0]
        assert not await admin.list_consumer_group_offsets(group)


async def _cut_log(lab: Lab, service: str) -> None:
    """What Kafka itself does with records that are too old: now the log begins after the group's position."""
    async with kafka(lab.place) as (consumer, admin):
        partitions = await partitions_of(admin, lab.place, HEARS[service])
        ends = await consumer.end_offsets(partitions)
        await admin.delete_records({each: RecordsToDelete(before_offset=ends[each]) for each in partitions})
        assert await consumer.beginning_offsets(partitions) == ends


LOSSES = {"group forgotten": _forget_group, "log cut": _cut_log}


async def _until_only_behind(lab: Lab, service: str, seconds: float = 60.0) -> None:
    """All that the others say is sent, and whoever else reads it has: only this service misses something."""
    others = [name for name in SERVICES if name != service]
    async with asyncio.timeout(seconds):
        while any(unsent(lab.place)[name] for name in others) or any((await lags(lab.place, others)).values()):
            await asyncio.sleep(0.2)
    assert (await lags(lab.place, [service]))[service]


async def _says(replica: Replica, words: str, said_bytes: int, seconds: float = 30.0) -> None:
    """`said_bytes` is how long its log was before."""
    async with asyncio.timeout(seconds):
        while words.encode() not in replica.log.read_bytes()[said_bytes:]:
            await asyncio.sleep(0.1)
