"""Fault 9: the power of all brokers goes at once, and with it what they had acknowledged and not flushed."""

import asyncio
import random
import re
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from tests.faults.cluster import Cluster, KafkaBrokers, kill
from tests.faults.evidence import HEARS, TOPICS, Place, gather, kafka, lags, standings, unsent
from tests.faults.lab import OUTGOING, SCANNERS, Lab, opened_lab
from tests.faults.papers import papers
from tests.faults.power_cut import POSITIONS, cut_to_last_flush

QUIET_SECONDS = 120.0
SAID_SECONDS = 60.0
REMEDY = re.compile(r"vanthu resend --service (\w+)")


@pytest.mark.fault(9)
@pytest.mark.timeout(900)
@pytest.mark.parametrize("positions", ["lost, too", "kept"])
async def test_after_a_power_cut_of_kafka_the_product_says_what_to_do_and_that_brings_everything_back(
    positions: str, seed: int, cluster: Cluster, tmp_path: Path, figures: dict[str, Any]
) -> None:
    async with opened_lab(cluster.endpoints, tmp_path, replication=3) as lab, lab.senders(seed) as senders:
        await lab.start(*(lab.replica(name, name) for name in HEARS))
        await _is_kept_threefold(lab.place)
        post = papers(seed, SCANNERS, outgoing=OUTGOING)
        await senders.work(post, count=60, connections=8)
        await lab.until_quiet(QUIET_SECONDS)
        cluster.kafka.restart_in_turn()  # this flushes; nothing after it does
        await lab.until_quiet(QUIET_SECONDS)

        lab.replicas["routing"].kill()  # so that not everybody has read what gets lost
        chance = random.Random(seed)
        await senders.work(post, count=chance.randint(100, 150), connections=chance.randint(2, 8))
        await senders.settle()
        await _until_read(lab.place, ("intake", "notify", "reporting"))
        before = await gather(lab.place)
        figures["bytes lost"] = _cut_power(cluster.kafka, positions)
        acknowledged = before.in_journals(sent=True)
        lost = acknowledged - (await gather(lab.place)).in_kafka()
        figures["acknowledged events lost"] = len(lost)
        assert lost
        assert acknowledged <= before.in_kafka()
        assert await _stand_beyond_the_end(lab.place) == (positions == "kept")

        lab.replicas["routing"].start()
        figures["begun anew"] = sorted(await _told(lab))
        await _remedy(lab, figures["begun anew"])
        figures["seconds until quiet"] = round(await lab.until_quiet(QUIET_SECONDS), 2)
        figures |= await lab.judge()
        await asyncio.to_thread(lab.vanthu.run, "check")


async def _is_kept_threefold(place: Place) -> None:
    topics = [f"{place.prefix}.{topic}" for topic in TOPICS]
    async with kafka(place) as (_, admin):
        partitions = [each for topic in await admin.describe_topics(topics) for each in topic["partitions"]]
        asked = [ConfigResource(ConfigResourceType.TOPIC, topic, {"min.insync.replicas": None}) for topic in topics]
        answers = [resource for answer in await admin.describe_configs(asked) for resource in answer.resources]
    assert {len(each["replicas"]) for each in partitions} == {3}
    assert {values[0][1] for *_, values in answers} == {"2"}


async def _until_read(place: Place, services: tuple[str, ...]) -> None:
    ends = time.monotonic() + QUIET_SECONDS
    while any((await asyncio.to_thread(unsent, place)).values()) or any((await lags(place, services)).values()):
        assert time.monotonic() < ends, f"not read: {await lags(place, services)}"
        await asyncio.sleep(0.2)


def _cut_power(brokers: KafkaBrokers, positions: str) -> int:
    """Bytes that all copies have lost together. Where positions are kept, their topic was flushed in time."""
    for each in brokers.nodes:
        kill(each)
    spared = [POSITIONS] if positions == "kept" else []
    lost = sum(cut_to_last_flush(each.data, spared) for each in brokers.nodes)
    brokers.launch()
    return lost


async def _stand_beyond_the_end(place: Place) -> bool:
    found: Iterable[list[tuple[int, int]]] = (await standings(place)).values()
    return any(position > end for each in found for position, end in each)


async def _told(lab: Lab) -> set[str]:
    """The services that the check or the services' own logs say to resend for. The check must have seen the loss."""
    ends = time.monotonic() + SAID_SECONDS
    while True:
        checked = await asyncio.to_thread(lab.vanthu.run, "check", "--wait", "5", succeeds=False)
        assert checked.returncode == 1, checked.stdout
        assert "`vanthu resend`" in checked.stdout
        logs = [each.log.read_text(errors="replace") for each in lab.replicas.values()]
        if told := {service for text in (checked.stdout, *logs) for service in REMEDY.findall(text)}:
            return told
        assert time.monotonic() < ends, checked.stdout


async def _remedy(lab: Lab, services: Iterable[str]) -> None:
    """As the product says: `Run vanthu resend --service … and start again`."""
    for service in services:
        await lab.replicas[service].terminate()
        await asyncio.to_thread(lab.vanthu.run, "resend", "--service", service, "--yes")
        await lab.start(lab.replicas[service])
