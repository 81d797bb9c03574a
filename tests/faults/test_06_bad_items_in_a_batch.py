"""Fault 6: bad items among many good ones that are numbered together."""

import asyncio
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

import pytest

from tests.eventually import eventually
from tests.faults.conftest import LabOpener
from tests.faults.evidence import gather
from tests.faults.lab import READERS, SCANNERS, Lab
from tests.faults.launcher import CHOKING
from tests.faults.ledger import Outcome, Paper
from tests.faults.load import Senders
from tests.faults.papers import papers
from tests.faults.replica import Replica

GOOD, KNOWN, BAD, REUSED = 180, 20, 12, 15  # with the held one fewer than the client's 200 connections
FULL = 150
SOME = 60
HELD = "hold:transaction begun:1"
LARGEST = {"VANTHU_MAX_DOCUMENT_BYTES": "200000"}


@pytest.mark.fault(6)
@pytest.mark.quick
@pytest.mark.timeout(300)
async def test_bad_items_in_a_full_batch_fail_alone(seed: int, new_lab: LabOpener, figures: dict[str, Any]) -> None:
    async with new_lab() as lab, lab.senders(seed) as senders:
        intake = lab.replica("intake", "intake", **LARGEST)
        await lab.start(intake, lab.replica("readers", *READERS))
        good = list(islice(papers(seed, SCANNERS, refused_share=0), GOOD))
        bad = [_bad(each, n) for n, each in enumerate(islice(papers(seed + 1000, SCANNERS), BAD))]
        reused = [replace(each, metadata={**each.metadata, "subject": "V/v khác"}) for each in good[:REUSED]]
        assert set(await _posted(senders, good[:KNOWN])) == {"ok"}
        await intake.terminate()

        mixed = [*good[KNOWN + 1 :], *bad, *reused]
        random.Random(seed).shuffle(mixed)
        outcomes = await _numbered_together(lab, intake, senders, good[KNOWN], mixed, files=GOOD + REUSED)
        outcomes = await _heard_in_the_end(senders, mixed, outcomes)
        assert outcomes == ["ok" if each in good else "refused" for each in mixed]
        figures["seconds until quiet"] = round(await lab.until_quiet(), 2)
        figures |= await lab.judge()
        assert figures["documents"] == GOOD
        figures["largest batch"] = await _largest_batch(lab)
        assert figures["largest batch"] > FULL


@pytest.mark.fault(6)
@pytest.mark.quick
@pytest.mark.timeout(300)
async def test_an_item_that_cannot_be_numbered_fails_alone_and_the_rest_of_its_batch_is_numbered_one_by_one(
    seed: int, new_lab: LabOpener, figures: dict[str, Any]
) -> None:
    async with new_lab() as lab, lab.senders(seed) as senders:
        intake = lab.replica("intake", "intake")
        await lab.start(lab.replica("readers", *READERS))
        first, choking, *mixed = islice(papers(seed, SCANNERS, refused_share=0), SOME)
        choking = replace(choking, metadata={**choking.metadata, "subject": CHOKING})
        mixed.insert(random.Random(seed).randrange(len(mixed)), choking)
        outcomes = await _numbered_together(lab, intake, senders, first, mixed, files=SOME, more=";choke:numbering:1")
        assert outcomes == ["unknown" if each is choking else "ok" for each in mixed]
        assert intake.struck.read_text() == CHOKING
        assert "a batch fails" in intake.log.read_text()
        assert await _largest_batch(lab) == 1

        await intake.terminate()
        await lab.start(intake)
        senders.open.append(choking)
        await senders.settle()
        figures["seconds until quiet"] = round(await lab.until_quiet(), 2)
        figures |= await lab.judge()
        assert figures["documents"] == SOME


def _bad(paper: Paper, number: int) -> Paper:
    """In turn: text that is no text, more text than is taken, a file that is larger than is taken."""
    spoiled = [
        replace(paper, metadata={**paper.metadata, "subject": "\ud800 lẻ"}),
        replace(paper, metadata={**paper.metadata, "subject": "dài " * 20_000}),
        replace(paper, content=b"%PDF-1.4\n" + bytes(300_000)),
    ]
    return spoiled[number % len(spoiled)]


async def _numbered_together(
    lab: Lab, intake: Replica, senders: Senders, first: Paper, rest: list[Paper], *, files: int, more: str = ""
) -> list[Outcome]:
    """What became of the rest, which all waited for a number while the first was held at the beginning of its own.

    `files` are there once all of them wait.
    """
    intake.start(HELD + more)
    await intake.until_ready()
    held = asyncio.create_task(_posted(senders, [first]))

    async def is_held() -> bool:
        return intake.struck.exists()

    async def all_wait() -> bool:
        return await asyncio.to_thread(_stored, lab) >= files

    await eventually(is_held)
    posting = asyncio.create_task(_posted(senders, rest))
    await eventually(all_wait)
    intake.struck.unlink()
    assert await held == ["ok"]
    return await posting


async def _heard_in_the_end(senders: Senders, papers: Sequence[Paper], outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Two hundred posts at once may keep their sender too busy to read a refusal before its connection is gone."""
    return [
        (await senders.post(paper))[0] if outcome == "unknown" else outcome
        for paper, outcome in zip(papers, outcomes, strict=True)
    ]


async def _posted(senders: Senders, each: Iterable[Paper]) -> list[Outcome]:
    return [outcome for outcome, _ in await asyncio.gather(*map(senders.post, each))]


def _stored(lab: Lab) -> int:
    return sum(path.suffix != ".part" for path in (lab.place.data / "files").glob("*/*/*"))


async def _largest_batch(lab: Lab) -> int:
    rows = (await gather(lab.place)).documents
    return max(Counter(row["batch"] for row in rows).values())
