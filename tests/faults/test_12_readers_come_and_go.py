"""Fault 12: readers die in mid-batch, are scaled from one to four and back, and are restarted one after the other."""

import asyncio
import random
import time
from typing import Any

import pytest

from tests.faults.conftest import LabOpener
from tests.faults.lab import OUTGOING, READERS, SCANNERS
from tests.faults.papers import papers


@pytest.mark.fault(12)
@pytest.mark.quick
@pytest.mark.timeout(300)
@pytest.mark.parametrize("point", ["batch decoded", "batch in effect"])
async def test_readers_killed_in_mid_batch_do_their_work_once(
    point: str, seed: int, new_lab: LabOpener, figures: dict[str, Any]
) -> None:
    async with new_lab() as lab, lab.senders(seed) as senders:
        intake, readers = lab.replica("intake", "intake"), lab.replica("readers", *READERS)
        await lab.start(intake, readers)
        readers.kill()
        post = papers(seed, SCANNERS, outgoing=OUTGOING)
        for _ in range(2):
            readers.start(f"crash:{point}:{random.Random(seed).randint(2, 6)}")
            work = asyncio.create_task(senders.work(post, count=80, connections=8))
            await readers.until_ended(60)
            assert readers.struck.read_text() == point
            await work
        readers.start()
        await senders.settle()
        figures["seconds until quiet"] = round(await lab.until_quiet(), 2)
        figures |= await lab.judge()


@pytest.mark.fault(12)
@pytest.mark.timeout(600)
async def test_readers_scaled_up_and_down_and_restarted_in_turn_count_everything_once(
    seed: int, new_lab: LabOpener, figures: dict[str, Any]
) -> None:
    chance = random.Random(seed)
    async with new_lab() as lab, lab.senders(seed) as senders:
        readers = [lab.replica(f"readers {n}", *READERS) for n in range(4)]
        await lab.start(lab.replica("intake", "intake"), readers[0])
        work = asyncio.create_task(senders.work(papers(seed, SCANNERS, outgoing=OUTGOING), count=1500, connections=4))
        longest = 0.0
        while not work.done():
            each = chance.choice(readers)
            if not each.alive:
                each.start()
                await each.until_ready()  # before, nothing of it would end with a signal but the interpreter
            elif sum(replica.alive for replica in readers) > 1:
                started = time.monotonic()
                assert await each.terminate() == 0
                longest = max(longest, time.monotonic() - started)
            await asyncio.sleep(chance.random())
        await work
        await senders.settle()
        figures["longest end, seconds"] = round(longest, 2)
        figures["seconds until quiet"] = round(await lab.until_quiet(), 2)
        figures |= await lab.judge()
