"""Fault 6: bad items among many good ones that are numbered together."""

import asyncio
from dataclasses import replace
from itertools import islice
from typing import Any

import pytest

from tests.faults.conftest import LabOpener
from tests.faults.lab import READERS, SCANNERS
from tests.faults.ledger import Paper
from tests.faults.papers import papers

GOOD = 150


def _bad(paper: Paper, number: int) -> Paper:
    """In turn: text that is no text, more text than is taken, a file that is larger than is taken."""
    spoiled = [
        replace(paper, metadata={**paper.metadata, "subject": "\ud800 lẻ"}),
        replace(paper, metadata={**paper.metadata, "subject": "dài " * 20_000}),
        replace(paper, content=b"%PDF-1.4\n" + bytes(300_000)),
    ]
    return spoiled[number % len(spoiled)]


@pytest.mark.fault(6)
@pytest.mark.quick
async def test_bad_items_in_a_full_batch_fail_alone(seed: int, new_lab: LabOpener, figures: dict[str, Any]) -> None:
    async with new_lab() as lab, lab.senders(seed) as senders:
        intake = lab.replica("intake", "intake", VANTHU_MAX_DOCUMENT_BYTES="200000")
        await lab.start(intake, lab.replica("readers", *READERS))
        good = list(islice(papers(seed, SCANNERS, refused_share=0), GOOD))
        bad = [_bad(each, n) for n, each in enumerate(islice(papers(seed + 1000, SCANNERS), GOOD // 5))]
        reused = [replace(each, metadata={**each.metadata, "subject": "V/v khác"}) for each in good[: GOOD // 5]]
        first = await asyncio.gather(*(senders.post(each) for each in good[: GOOD // 5]))
        mixed = [each for three in zip(reused, bad, good[GOOD // 5 :], strict=False) for each in three]
        rest = [*mixed, *good[GOOD // 5 + len(reused) :]]
        answers = dict(zip(range(len(rest)), await asyncio.gather(*(senders.post(each) for each in rest)), strict=True))
        assert {outcome for outcome, _ in first} == {"ok"}
        for place, paper in enumerate(rest):
            outcome, answer = answers[place]
            assert outcome == ("ok" if paper in good else "refused"), answer and answer.text
        figures["seconds until quiet"] = round(await lab.until_quiet(), 2)
        figures |= await lab.judge()
        assert figures["documents"] == GOOD
