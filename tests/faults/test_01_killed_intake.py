"""Fault 1: intake is killed at every step between an upload and its answer, and the power goes with it."""

import asyncio
import random
import time
from typing import Any

import pytest

from tests.faults import power
from tests.faults.conftest import LabOpener
from tests.faults.lab import OUTGOING, READERS, SCANNERS
from tests.faults.launcher import UPLOAD_POINTS
from tests.faults.ledger import Paper
from tests.faults.load import Senders
from tests.faults.papers import papers
from tests.faults.replica import Replica

BACK_SECONDS = 10.0
STRIKE_SECONDS = 40.0
CUT_POINTS = ["file written", "file stored", "after the commit", "register log written", "before the answer"]
QUICK_POINTS = ["file written", "events written", "after the commit", "register log written"]


@pytest.mark.fault(1)
@pytest.mark.quick
@pytest.mark.timeout(300)
async def test_killed_at_a_few_points_intake_loses_nothing_and_numbers_on(
    new_lab: LabOpener, figures: dict[str, Any]
) -> None:
    await _killed_at(QUICK_POINTS, 1, new_lab, figures)


@pytest.mark.fault(1)
@pytest.mark.timeout(900)
async def test_killed_at_every_point_intake_loses_nothing_and_numbers_on(
    seed: int, new_lab: LabOpener, figures: dict[str, Any]
) -> None:
    await _killed_at(random.Random(seed).sample(UPLOAD_POINTS, len(UPLOAD_POINTS)), seed, new_lab, figures)


@pytest.mark.fault(1)
@pytest.mark.quick
@pytest.mark.timeout(300)
async def test_a_power_cut_takes_nothing_that_anybody_was_answered_for(
    seed: int, new_lab: LabOpener, figures: dict[str, Any]
) -> None:
    chance, lost = random.Random(seed), 0
    async with new_lab() as lab, lab.senders(seed) as senders:
        notes = lab.folder / "synced.jsonl"
        intake, readers = lab.replica("intake", "intake", SYNCED=str(notes)), lab.replica("readers", *READERS)
        await lab.start(readers)
        post = papers(seed, SCANNERS, outgoing=OUTGOING)
        for point in chance.sample(CUT_POINTS, len(CUT_POINTS)):
            intake.start(f"crash:{point}:{chance.randint(5, 40)}")
            await intake.until_ready()
            work = asyncio.create_task(senders.work(post, count=60, connections=8))
            await intake.until_ended(STRIKE_SECONDS)
            assert intake.struck.read_text() == point
            lost += power.cut(lab.place.data / "files", notes) + power.cut(lab.place.data / "register", notes)
            intake.start()
            await work
            await intake.terminate()
        assert lost, "the disk had nothing to forget"
        figures["names and files that lost something"] = lost
        await lab.start(intake)
        await senders.settle()
        figures["seconds until quiet"] = round(await lab.until_quiet(), 2)
        figures |= await lab.judge()


async def _killed_at(points: list[str], seed: int, new_lab: LabOpener, figures: dict[str, Any]) -> None:
    async with new_lab() as lab, lab.senders(seed) as senders:
        intake, readers = lab.replica("intake", "intake"), lab.replica("readers", *READERS)
        await lab.start(readers)
        post = papers(seed, SCANNERS, outgoing=OUTGOING)
        good = papers(seed + 1000, SCANNERS, refused_share=0)
        chance = random.Random(seed)
        longest = 0.0
        for point in points:
            intake.start(f"crash:{point}:{chance.randint(1, 12)}")
            await intake.until_ready()
            work = asyncio.create_task(senders.work(post, count=60, connections=8))
            await intake.until_ended(STRIKE_SECONDS)
            assert intake.struck.read_text() == point
            longest = max(longest, await _back_at_work(intake, senders, next(good)))
            await work
            intake.kill()
        await lab.start(intake)
        await senders.settle()
        figures["seconds until the book took the next document"] = round(longest, 2)
        figures["seconds until quiet"] = round(await lab.until_quiet(), 2)
        figures |= await lab.judge()


async def _back_at_work(intake: Replica, senders: Senders, paper: Paper) -> float:
    """From when the next process is ready until the book has taken a document, in seconds."""
    intake.start()
    await intake.until_ready()
    started = time.monotonic()
    while (await senders.post(paper))[0] != "ok":
        assert time.monotonic() - started < BACK_SECONDS, f"the book is blocked: {intake.last_words()}"
        await asyncio.sleep(0.05)
    return time.monotonic() - started
