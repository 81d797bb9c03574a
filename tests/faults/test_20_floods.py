"""Fault 20: slow senders, lying lengths, oversize, floods of headers and boundaries, and bodies that are cut off."""

import asyncio
import json
import random
import statistics
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from tests.faults.conftest import LabOpener
from tests.faults.evidence import gather
from tests.faults.flood import MOST_BYTES, refused_requests
from tests.faults.hostile import BOUNDARY, CONTENT, METADATA, body, cut_off, request, status_of
from tests.faults.lab import MOST_GROWTH, OFFICE, READERS, SCANNERS, Lab
from tests.faults.ledger import Paper
from tests.faults.load import Senders
from tests.faults.papers import papers
from tests.faults.replica import Replica
from tests.faults.watching import MOST_GROWTH_MEGABYTES, watched

HOSTILE = "scan-9"
SLOW_SENDERS = 500
FLOODERS = 10
TOLD_THE_TRUTH = {"400", "401", "413", "431"}
PHASE_POSTS = 150
ROUNDS, MOST_ROUNDS = 3, 7  # more where others had the processors in one phase and not in the next


@dataclass(frozen=True)
class Times:
    """p99 of each phase, in milliseconds."""

    calm: list[float] = field(default_factory=list)
    slow: list[float] = field(default_factory=list)
    flooded: list[float] = field(default_factory=list)

    @property
    def at_most_doubled(self) -> bool:
        """By the medians of all rounds."""
        most = 2 * statistics.median(self.calm)
        return max(statistics.median(self.slow), statistics.median(self.flooded)) <= most


def strange_papers() -> Iterator[tuple[Paper, bytes]]:
    """Whole documents that are nearly all boundary, or that something follows: their bytes are kept as they are."""
    near = b"%PDF-1.4\n" + (b"\r\n--" + BOUNDARY[:-1]) * 100_000
    for number, (content, after) in enumerate([(near, b""), (CONTENT, b"\r\n\r\nwhat is no second request\r\n\r\n")]):
        yield Paper(SCANNERS[0], f"strange-{number}", "documents", METADATA, content), after


@pytest.mark.fault(20)
@pytest.mark.quick
@pytest.mark.timeout(300)
async def test_lying_lengths_oversize_floods_and_cut_bodies_are_refused_and_leave_nothing(
    seed: int, new_lab: LabOpener, figures: dict[str, Any]
) -> None:
    async with new_lab() as lab, lab.senders(seed) as senders:
        hostile = _hostile_key(lab)
        intake = lab.replica(
            "intake",
            "intake",
            VANTHU_MAX_DOCUMENT_BYTES=str(MOST_BYTES),
            VANTHU_UPLOAD_SLOW_SECONDS="2",
            VANTHU_UPLOAD_LEAST_BYTES_PER_SECOND="20000",
        )
        await lab.start(intake, lab.replica("readers", *READERS))
        honest = papers(seed, SCANNERS)
        await senders.work(honest, count=100, connections=4)
        async with watched(intake) as watch:
            work = asyncio.create_task(senders.work(honest, count=100, connections=2))
            for what, sent, expected in refused_requests(hostile):
                status = await status_of(intake.url, sent)
                assert status in expected, f"{what}: {status}"
            for paper, after in strange_papers():
                assert await _post_strangely(lab, senders, intake.url, paper, after) == 201, paper.key
            cut = await _cut_bodies(intake.url, hostile, seed)
            await work
        figures["bodies cut off"] = cut
        figures["memory growth, MB"] = watch.growth_megabytes
        assert watch.growth_megabytes <= MOST_GROWTH_MEGABYTES
        await _nothing_half_done(lab, senders, figures)


@pytest.mark.fault(20)
@pytest.mark.timeout(600)
async def test_500_slow_senders_and_floods_cost_others_at_most_twice_their_time_and_little_memory(
    seed: int, new_lab: LabOpener, figures: dict[str, Any]
) -> None:
    async with new_lab() as lab, lab.senders(seed) as senders:
        hostile = _hostile_key(lab)
        lab.most_growth = replace(MOST_GROWTH, handles=MOST_GROWTH.handles + SLOW_SENDERS)
        intake = lab.replica("intake", "intake", VANTHU_MAX_DOCUMENT_BYTES=str(MOST_BYTES))
        await lab.start(intake, lab.replica("readers", *READERS))
        honest = papers(seed, SCANNERS, refused_share=0)
        await _p99_ms(senders, honest)  # warm
        times, held = Times(), list[int]()
        heard_slow, heard_flood = dict[str, int](), dict[str, int]()
        async with watched(intake) as watch:
            for number in range(MOST_ROUNDS):
                attackers = partial(_attackers, intake, hostile, seed=f"{seed} {number}")
                times.calm.append(await _p99_ms(senders, honest))
                async with attackers("slow", SLOW_SENDERS, heard_slow):
                    await _until_held(intake, SLOW_SENDERS // 2)
                    times.slow.append(await _p99_ms(senders, honest))
                    held.append(intake.connections())
                times.calm.append(await _p99_ms(senders, honest))
                async with attackers("flood", FLOODERS, heard_flood):
                    times.flooded.append(await _p99_ms(senders, honest))
                if number + 1 >= ROUNDS and times.at_most_doubled:
                    break
        figures |= {"p99 calm, ms": times.calm, "p99 beside slow senders, ms": times.slow}
        figures |= {"p99 under floods, ms": times.flooded}
        figures |= {"memory growth, MB": watch.growth_megabytes, "connections": held}
        figures |= {"slow senders heard": heard_slow, "floods heard": heard_flood}
        assert statistics.median(held) >= SLOW_SENDERS / 2  # the others have just been put out, and come again
        assert heard_slow["503"] > 0  # the places were all taken
        assert heard_slow["401"] > 0
        assert {"400", "413", "431"} <= set(heard_flood) <= TOLD_THE_TRUTH, heard_flood
        assert watch.growth_megabytes <= MOST_GROWTH_MEGABYTES
        assert times.at_most_doubled, figures
        await _nothing_half_done(lab, senders, figures)


def _hostile_key(lab: Lab) -> str:
    key: str = lab.vanthu.json("key", "create", "--office", OFFICE, "--device", HOSTILE)["key"]
    return key


async def _post_strangely(lab: Lab, senders: Senders, url: str, paper: Paper, after: bytes) -> int | None:
    """Whoever was told 201 and asks again is told the same again."""
    sent = request(lab.keys[paper.device], body(METADATA, paper.content), f"Idempotency-Key: {paper.key}")
    lab.ledger.asks(paper, time.time())
    status = await status_of(url, sent + after)
    if status != 201:
        lab.ledger.hears(paper, time.time(), status, None)
    else:
        await senders.post(paper)
    return status


async def _cut_bodies(url: str, key: str, seed: int) -> int:
    chance, whole = random.Random(seed), request(key, body(content=CONTENT * 50))
    count = 40
    for number in range(count):
        sent = whole[: chance.randrange(1, len(whole) - 50)]
        status = await cut_off(url, sent, "fin" if number % 2 else "rst")
        assert status is None or 400 <= status < 500
    return count


async def _nothing_half_done(lab: Lab, senders: Senders, figures: dict[str, Any]) -> None:
    """Hostile senders have no ledger: a document of theirs would be one from nowhere."""
    await senders.settle()
    figures["seconds until quiet"] = round(await lab.until_quiet(), 2)
    figures |= await lab.judge()
    evidence = await gather(lab.place)
    assert evidence.partial_files == []
    assert set(evidence.files) == {row["_id"] for row in evidence.documents}


async def _p99_ms(senders: Senders, honest: Iterator[Paper]) -> float:
    """Of so many posts; all of them succeed at the first attempt."""
    waiting, seconds = islice(honest, PHASE_POSTS), list[float]()

    async def one() -> None:
        for paper in waiting:
            started = time.perf_counter()
            outcome, answer = await senders.post(paper)
            seconds.append(time.perf_counter() - started)
            assert outcome == "ok", answer and answer.text

    await asyncio.gather(*(one() for _ in range(4)))
    return round(statistics.quantiles(seconds, n=100)[98] * 1000, 1)


async def _until_held(intake: Replica, count: int) -> None:
    """Others hold so many connections."""
    ends = time.monotonic() + 30
    while intake.connections() < count:
        assert time.monotonic() < ends, f"only {intake.connections()} slow senders came"
        await asyncio.sleep(0.1)


@asynccontextmanager
async def _attackers(
    intake: Replica, key: str, kind: str, count: int, heard: dict[str, int], *, seed: str
) -> AsyncIterator[None]:
    """In a process of their own. `heard` is what they were told, how often."""
    command = [sys.executable, "-m", f"tests.faults.{kind}", intake.url, key, str(count), seed]
    process = await asyncio.create_subprocess_exec(
        *command, cwd=Path(__file__).parents[2], stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    try:
        yield
    finally:
        assert process.stdin is not None
        process.stdin.close()
        said, _ = await process.communicate()
    for status, count in json.loads(said).items():
        heard[status] = heard.get(status, 0) + count
