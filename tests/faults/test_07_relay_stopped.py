"""Fault 7: the relay's process is frozen past its lease and goes on; it dies between Kafka's answer and its mark."""

import asyncio
import random
from typing import Any

import pytest

from tests.faults.conftest import LabOpener
from tests.faults.lab import OUTGOING, READERS, SCANNERS
from tests.faults.papers import papers

FROZEN_SECONDS = 7.0  # the lease is 5 s


@pytest.mark.fault(7)
@pytest.mark.timeout(300)
async def test_a_relay_that_was_frozen_past_its_lease_changes_nothing_when_it_goes_on(
    seed: int, new_lab: LabOpener, figures: dict[str, Any]
) -> None:
    async with new_lab() as lab, lab.senders(seed) as senders:
        one, two = lab.replica("one", "intake"), lab.replica("two", "intake")
        await lab.start(one, two, lab.replica("readers", *READERS), lab.replica("other readers", *READERS))
        post = papers(seed, SCANNERS, outgoing=OUTGOING)
        for frozen in (one, two):
            work = asyncio.create_task(senders.work(post, count=150, connections=8))
            await asyncio.sleep(random.Random(seed).random())
            frozen.freeze()
            await asyncio.sleep(FROZEN_SECONDS)
            frozen.thaw()
            await work
        await senders.settle()
        figures["seconds until quiet"] = round(await lab.until_quiet(), 2)
        figures |= await lab.judge()


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
