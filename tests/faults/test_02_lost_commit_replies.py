"""Fault 2: the reply to a commit is lost, after the commit ran and before it could."""

import random
from typing import Any

import pytest

from tests.faults.conftest import LabOpener
from tests.faults.lab import OUTGOING, READERS, SCANNERS
from tests.faults.papers import papers
from tests.faults.proxy import Moment, wire_to

LOSSES = 5


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
        for _ in range(LOSSES):
            wire.lose(chance.choice([1, 1, 2, 200]), moment)  # 200: for longer than the service keeps asking
            await senders.work(post, count=16, connections=8)
            wire.lose(0, moment)
        assert wire.lost >= 3 * LOSSES
        await senders.settle()
        figures["commits lost"] = wire.lost
        figures["seconds until quiet"] = round(await lab.until_quiet(), 2)
        figures |= await lab.judge()
