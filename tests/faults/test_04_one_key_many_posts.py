"""Fault 4: one key in many requests at once, to two replicas; with other metadata; from two devices."""

import asyncio
import random
from dataclasses import replace
from typing import Any

import httpx
import pytest

from tests.faults.conftest import LabOpener
from tests.faults.lab import READERS, SCANNERS
from tests.faults.ledger import Outcome, Paper
from tests.faults.load import Senders
from tests.faults.papers import papers

AT_ONCE = 50
APART_SECONDS = 0.1  # the first from the last, at most


@pytest.mark.fault(4)
@pytest.mark.quick
async def test_one_key_posted_fifty_times_at_once_to_two_replicas_makes_one_document(
    seed: int, new_lab: LabOpener, figures: dict[str, Any]
) -> None:
    async with new_lab() as lab, lab.senders(seed) as senders:
        await lab.start(lab.replica("one", "intake"), lab.replica("two", "intake"), lab.replica("readers", *READERS))
        chance = random.Random(seed)
        one, other_device = chance.sample(SCANNERS, 2)
        post = papers(seed, [one], refused_share=0)
        for _ in range(5):
            paper = next(post)
            answers = await asyncio.gather(*(_post_in_a_moment(senders, paper, chance) for _ in range(AT_ONCE)))
            assert {outcome for outcome, _ in answers} == {"ok"}
            bodies = [answer.json() for _, answer in answers if answer]
            assert len({body["id"] for body in bodies}) == 1
            assert sum(1 for _, answer in answers if answer and "Idempotent-Replayed" not in answer.headers) == 1

            other = replace(paper, metadata={**paper.metadata, "subject": "V/v khác"})
            changed = await asyncio.gather(*(senders.post(other, address) for address in lab.intakes()))
            assert [answer.status_code for _, answer in changed if answer] == [422, 422]
            assert {answer.json()["type"] for _, answer in changed if answer} == {
                "urn:vanthu:problem:idempotency-key-reused"
            }

            elsewhere = replace(paper, device=other_device)
            outcome, answer = await senders.post(elsewhere)
            assert outcome == "ok"
            assert answer is not None
            assert answer.json()["id"] != bodies[0]["id"]
        figures["seconds until quiet"] = round(await lab.until_quiet(), 2)
        figures |= await lab.judge()
        assert figures["documents"] == 10


async def _post_in_a_moment(
    senders: Senders, paper: Paper, chance: random.Random
) -> tuple[Outcome, httpx.Response | None]:
    await asyncio.sleep(chance.random() * APART_SECONDS)
    return await senders.post(paper)
