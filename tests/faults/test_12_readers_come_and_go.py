"""Fault 12: readers die in mid-batch, are scaled from one to four and back, and are restarted one after the other."""

import asyncio
import random
import time
from collections.abc import Sequence
from typing import Any

import pytest

from tests.faults.conftest import LabOpener
from tests.faults.lab import OUTGOING, READERS, SCANNERS
from tests.faults.papers import papers
from tests.faults.replica import Replica
from tests.faults.traffic import traffic

MOST_READERS = 4
ENDS = 3  # from four to one; each rolling restart ends six more


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
async def test_readers_scaled_up_and_down_and_everything_restarted_in_turn_count_everything_once(
    seed: int, new_lab: LabOpener, figures: dict[str, Any]
) -> None:
    chance, post = random.Random(seed), papers(seed, SCANNERS, outgoing=OUTGOING)
    async with new_lab() as lab, lab.senders(seed) as senders:
        readers = [lab.replica(f"readers {n}", *READERS) for n in range(MOST_READERS)]
        intakes = [lab.replica(f"intake {n}", "intake") for n in range(2)]
        await lab.start(*intakes, readers[0])
        async with traffic(senders, post):
            ends = await _scaled(readers, chance)
            assert len(ends) >= ENDS
            assert all(each.alive for each in readers)
            for each in chance.sample(replicas := [*intakes, *readers], len(replicas)):
                ends.append(await _ended(each))
                await lab.start(each)
        await senders.settle()
        figures["ends"], figures["longest end, seconds"] = len(ends), round(max(ends), 2)
        figures["seconds until quiet"] = round(await lab.until_quiet(), 2)
        figures |= await lab.judge()


async def _scaled(readers: Sequence[Replica], chance: random.Random) -> list[float]:
    """From one to all, down to one and up to all again; how long each end took, in seconds."""
    ends: list[float] = []
    growing = True
    while len(ends) < ENDS or not all(each.alive for each in readers):
        each = chance.choice([each for each in readers if each.alive != growing])
        if growing:
            each.start()
            await each.until_ready()  # before, nothing of it would end with a signal but the interpreter
        else:
            ends.append(await _ended(each))
        alive = sum(each.alive for each in readers)
        growing = alive == 1 or (growing and alive < len(readers))
        await asyncio.sleep(chance.random() / 2)
    return ends


async def _ended(replica: Replica) -> float:
    """How long it took to end in order, in seconds."""
    started = time.monotonic()
    assert await replica.terminate() == 0
    return time.monotonic() - started
