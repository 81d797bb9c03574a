"""Fault 1: intake is killed at every step between an upload and its answer, and the power goes with it."""

import asyncio
import random
import time
from collections.abc import Callable, Iterator
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
START_SECONDS, STARTS = 60.0, 3
STRIKE_SECONDS = 60.0
OF_UPLOADS = 6, 16  # which one it strikes, at least and at most: not the very first, which shows that work goes on
CUT_POINTS = ["file written", "file stored", "after the commit", "register log written", "before the answer"]
UNSYNCED_POINTS = {"file written", "register log written"}  # whose own step is not on the disk yet
QUICK_POINTS = ["file written", "events written", "after the commit", "register log written"]
NEW_INTERPRETER = {"LD_PRELOAD": ""}  # started as ops would, and not forked from one that has imported everything


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
    chance, lost = random.Random(seed), dict[str, int]()
    async with new_lab() as lab, lab.senders(seed) as senders:
        notes = lab.folder / "synced.jsonl"
        intake, readers = lab.replica("intake", "intake", SYNCED=str(notes)), lab.replica("readers", *READERS)
        await lab.start(readers)
        post = papers(seed, SCANNERS, outgoing=OUTGOING)
        for point in chance.sample(CUT_POINTS, len(CUT_POINTS)):
            intake.start(f"crash:{point}:{chance.randint(5, 25)}")
            await intake.until_ready()
            await _post_until_dead(intake, senders, post)
            assert intake.struck.read_text() == point
            lost[point] = power.cut(lab.place.data / "files", notes) + power.cut(lab.place.data / "register", notes)
        assert all(lost[point] for point in UNSYNCED_POINTS), f"the disk had nothing to forget: {lost}"
        figures["names and files that lost something"] = sum(lost.values())
        await lab.start(intake)
        await senders.settle()
        figures["seconds until quiet"] = round(await lab.until_quiet(), 2)
        figures |= await lab.judge()


async def _killed_at(points: list[str], seed: int, new_lab: LabOpener, figures: dict[str, Any]) -> None:
    async with new_lab() as lab, lab.senders(seed) as senders:
        intake, other = lab.replica("intake", "intake"), lab.replica("other", "intake")
        await lab.start(other, lab.replica("readers", *READERS))
        post = papers(seed, SCANNERS, outgoing=OUTGOING)
        good = papers(seed + 1000, SCANNERS, refused_share=0)
        chance = random.Random(seed)
        faults = [f"crash:{point}:{chance.randint(*OF_UPLOADS)}" for point in points]
        next_number = list[float]()
        intake.start(faults[0])
        await intake.until_ready()
        for point, following in zip(points, [*faults[1:], ""], strict=True):
            work = asyncio.create_task(_post_until_dead(intake, senders, post))
            await intake.until_ended(STRIKE_SECONDS)
            next_number.append(await _accepted(other, senders, next(good), _working_seconds_of(other)))
            assert intake.struck.read_text() == point
            await work
            await _back_at_work(intake, senders, next(good), following)
        await senders.settle()
        restarted = await _best_start(intake, senders, good)
        assert restarted < BACK_SECONDS
        figures["seconds from the kill until the book took the next document"] = round(max(next_number), 2)
        figures["seconds from a start until the first document"] = round(restarted, 2)
        figures["seconds until quiet"] = round(await lab.until_quiet(), 2)
        figures |= await lab.judge()


async def _post_until_dead(replica: Replica, senders: Senders, post: Iterator[Paper]) -> None:
    """However few batches its documents make, the one that is to kill it comes."""
    process, ends = replica.process, time.monotonic() + STRIKE_SECONDS
    assert process is not None
    while process.poll() is None:
        assert time.monotonic() < ends, f"{replica.name} lives on: {replica.last_words()}"
        await senders.work(post, count=16, connections=8)


async def _best_start(intake: Replica, senders: Senders, good: Iterator[Paper]) -> float:
    """Seconds from a start as ops would make it until the first document, without those in which other tests had the
    processors; of a few starts the best one, because MongoDB and Kafka wait for processors, too."""
    intake.env = {**intake.env, **NEW_INTERPRETER}
    best = float("inf")
    for _ in range(STARTS):
        intake.kill()
        seconds = await _back_at_work(intake, senders, next(good), "")
        best = min(best, seconds - intake.starved_seconds())
        if best < BACK_SECONDS:
            break
    return best


async def _back_at_work(intake: Replica, senders: Senders, paper: Paper, fault: str) -> float:
    """From its start, which brings the next fault, until it has numbered a document, in seconds."""
    started = time.monotonic()
    intake.start(fault)
    await intake.until_ready()
    return await _accepted(intake, senders, paper, lambda: time.monotonic() - started, START_SECONDS)


def _working_seconds_of(replica: Replica) -> Callable[[], float]:
    """How long it is since now, without the time in which it could have worked and other tests had the processors."""
    began, starved = time.monotonic(), replica.starved_seconds()
    return lambda: time.monotonic() - began - (replica.starved_seconds() - starved)


async def _accepted(
    intake: Replica,
    senders: Senders,
    paper: Paper,
    passed: Callable[[], float],
    within_seconds: float = BACK_SECONDS,
) -> float:
    """The seconds that have passed when this replica has numbered the document. Fails when it is too late."""
    while (await senders.post(paper, intake.url))[0] != "ok":
        assert passed() < within_seconds, f"the book is blocked: {intake.last_words()}"
        await asyncio.sleep(0.05)
    seconds = passed()
    assert seconds < within_seconds, f"{intake.name} took its document only after {seconds:.1f} s"
    return seconds
