"""Fault 2: the reply to a commit is lost, after the commit ran and before it could."""

import asyncio
import random
from collections.abc import Iterator
from itertools import islice
from typing import Any

import pytest

from tests.faults.conftest import LabOpener
from tests.faults.lab import OUTGOING, READERS, SCANNERS
from tests.faults.ledger import Paper
from tests.faults.load import Senders
from tests.faults.papers import papers
from tests.faults.proxy import Moment, wire_to

LOSSES = 5
FOR_LONG = 200  # for longer than the service keeps asking
ROUNDS = (1, 1, 2, 2, FOR_LONG)


@pytest.mark.fault(2)
@pytest.mark.quick
@pytest.mark.timeout(300)
@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_lost_commit_reply_makes_one_document_per_key_and_the_retry_gets_its_number(
    moment: Moment, seed: int, new_lab: LabOpener, figures: dict[str, Any]
) -> None:
    chance = random.Random(seed)
    async with new_lab() as lab, wire_to(lab.place.mongo_url) as (wire, url), lab.senders(seed) as senders:
        intake = lab.replica("intake", "intake", VANTHU_MONGO_URL=url)
        await lab.start(intake, lab.replica("readers", *READERS))
        good = papers(seed + 1000, SCANNERS, refused_share=0)
        for _ in range(LOSSES):
            wire.lose(2, moment)  # the driver itself asks a second time
            outcome, answer = await senders.post(next(good))
            assert (outcome, "Idempotent-Replayed" in answer.headers if answer else None) == ("ok", False)
        post = papers(seed, SCANNERS, outgoing=OUTGOING)
        for commits in chance.sample(ROUNDS, len(ROUNDS)):
            before = wire.lost
            wire.lose(commits, moment)
            await (_told_nothing(senders, post) if commits == FOR_LONG else senders.work(post, count=16, connections=8))
            wire.lose(0, moment)
            assert wire.lost - before >= min(commits, 3), f"of {commits} commits {wire.lost - before} were lost"
        await senders.settle()
        figures["commits lost"] = wire.lost
        figures["seconds until quiet"] = round(await lab.until_quiet(), 2)
        figures |= await lab.judge()
        assert figures["attempts without an answer"] > 0


async def _told_nothing(senders: Senders, post: Iterator[Paper]) -> None:
    """Nobody is told of a number while no commit is answered; all of them ask again later."""
    waiting = list(islice(post, 12))
    outcomes = [outcome for outcome, _ in await asyncio.gather(*(senders.post(each) for each in waiting))]
    assert "ok" not in outcomes
    assert "unknown" in outcomes
    senders.open += [each for each, outcome in zip(waiting, outcomes, strict=True) if outcome == "unknown"]
