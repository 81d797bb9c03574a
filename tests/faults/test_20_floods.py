"""Fault 20: slow senders, lying lengths, oversize, floods of headers and boundaries, and bodies that are cut off."""

import asyncio
import json
import random
import statistics
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from tests.faults.conftest import LabOpener
from tests.faults.evidence import gather
from tests.faults.hostile import BOUNDARY, CONTENT, METADATA, body, chunked, cut_off, head, part, request, status_of
from tests.faults.lab import OFFICE, READERS, SCANNERS, Lab
from tests.faults.ledger import Paper
from tests.faults.load import Senders
from tests.faults.papers import papers
from tests.faults.replica import Replica
from tests.faults.watching import MOST_GROWTH_MEGABYTES, connections, watched

HOSTILE = "scan-9"
MOST_BYTES = 2_000_000
SLOW_SENDERS = 500
PHASE_POSTS = 400
ROUNDS = 3
MEGABYTE = 1024 * 1024


def refused_requests(key: str) -> Iterator[tuple[str, bytes | Iterator[bytes], set[int]]]:
    """What it is, the request, and the statuses that tell its sender the truth."""
    whole = body()
    metadata = part("metadata", json.dumps(METADATA).encode())
    boundaries = (b"--" + BOUNDARY + b"\r\n") * 100_000
    large = bytes(MOST_BYTES * 3)
    yield "a length that is too large", request(key, whole, length=len(whole) + 1000), {408}
    yield "a length that is too small", request(key, whole, length=len(whole) // 2), {400}
    yield "a length below zero", request(key, whole, length=-1), {400}
    yield "two lengths", request(key, whole, "Content-Length: 10"), {400}
    yield "a length and chunks", request(key, whole, "Transfer-Encoding: chunked"), {400}
    yield "a chunk that lies", head(key, "Transfer-Encoding: chunked") + b"\r\n5\r\n" + whole + b"\r\n0\r\n\r\n", {400}
    yield "oversize, declared", request(key, body(content=large)), {413}
    yield "oversize, declared and far away", request(key, whole, length=10**15), {413}
    yield (
        "oversize, in chunks",
        chunked(key, [metadata + part("file", b"%PDF-1.4\n")[:-2], *[large[:50_000]] * 120]),
        {413},
    )
    yield "oversize metadata", request(key, body({**METADATA, "subject": "x" * 100_000})), {413}
    yield "no end of chunk extensions", head(key, "Transfer-Encoding: chunked") + b"\r\n5;" + b"x" * 9_000_000, {431}
    yield "thousands of headers", request(key, whole, *[f"X-{n}: y" for n in range(5_000)]), {431}
    yield "a header of a megabyte", request(key, whole, "X-Large: " + "y" * MEGABYTE), {431}
    yield "no end of headers", head(key, *["X-Y: z"] * 1_000_000), {431}
    yield "no key and a large body", request(None, body(content=large)), {401}
    yield "boundaries and nothing else", request(key, boundaries), {400}
    yield "parts without end", request(key, part("x", b"y") * 30_000), {400, 413}
    yield "metadata again and again", request(key, metadata * 10_000), {400, 413}
    yield "a third part", request(key, metadata + part("file", CONTENT) + part("file", CONTENT)), {400}
    yield "a part with thousands of headers", request(key, body(METADATA, CONTENT, *[b"X-Y: z"] * 5_000)), {400}
    yield "a part whose length is too small", request(key, body(METADATA, CONTENT, b"Content-Length: 5")), {400}
    yield "a part whose length is too large", request(key, body(METADATA, CONTENT, b"Content-Length: 5000000")), {400}
    yield "a beginning without end", chunked(key, [b"no boundary " * 5_000] * 200), {400, 413}
    yield "an end without end", chunked(key, [whole, *[b"after the end " * 5_000] * 200]), {400, 413}


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
async def test_500_slow_senders_cost_others_at_most_twice_their_time_and_little_memory(
    seed: int, new_lab: LabOpener, figures: dict[str, Any]
) -> None:
    async with new_lab() as lab, lab.senders(seed) as senders:
        hostile = _hostile_key(lab)
        intake = lab.replica("intake", "intake")
        await lab.start(intake, lab.replica("readers", *READERS))
        honest = papers(seed, SCANNERS, refused_share=0)
        await _timed(senders, honest)  # warm
        calm, flooded = list[float](), list[float]()
        heard = dict[str, int]()
        async with watched(intake) as watch:
            for _ in range(ROUNDS):
                calm += await _timed(senders, honest)
                async with slow_senders(intake, hostile, heard):
                    flooded += await _timed(senders, honest)
        before, during = (statistics.quantiles(each, n=100)[98] * 1000 for each in (calm, flooded))
        figures |= {"p99 calm, ms": round(before, 1), "p99 under the flood, ms": round(during, 1)}
        figures |= {"memory growth, MB": watch.growth_megabytes, "connections": watch.connections, "heard": heard}
        assert watch.connections >= SLOW_SENDERS * 0.8
        assert heard["503"] > 0  # the places were all taken
        assert heard["401"] > 0
        assert watch.growth_megabytes <= MOST_GROWTH_MEGABYTES
        assert during <= 2 * before, figures
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


async def _timed(senders: Senders, honest: Iterator[Paper]) -> list[float]:
    """How long each of so many posts took, in seconds; all of them succeed at the first attempt."""
    waiting, seconds = islice(honest, PHASE_POSTS), list[float]()

    async def one() -> None:
        for paper in waiting:
            started = time.perf_counter()
            outcome, answer = await senders.post(paper)
            seconds.append(time.perf_counter() - started)
            assert outcome == "ok", answer and answer.text

    await asyncio.gather(*(one() for _ in range(4)))
    return seconds


@asynccontextmanager
async def slow_senders(intake: Replica, key: str, heard: dict[str, int]) -> AsyncIterator[None]:
    """In a process of their own; they are all there when this begins."""
    command = [sys.executable, "-m", "tests.faults.slow", intake.url, key, str(SLOW_SENDERS)]
    process = await asyncio.create_subprocess_exec(
        *command, cwd=Path(__file__).parents[2], stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    try:
        ends = time.monotonic() + 30
        while connections(intake) < SLOW_SENDERS * 0.8:
            assert time.monotonic() < ends, f"only {connections(intake)} slow senders came"
            await asyncio.sleep(0.1)
        yield
    finally:
        said, _ = await process.communicate()
    for status, count in json.loads(said).items():
        heard[status] = heard.get(status, 0) + count
