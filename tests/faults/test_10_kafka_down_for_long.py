"""Fault 10: Kafka is away for long; the services are never restarted."""

import asyncio
import random
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.eventually import eventually
from tests.faults.evidence import gather, said_versions, unsent
from tests.faults.lab import OUTGOING, SCANNERS, Lab
from tests.faults.ledger import histories
from tests.faults.outages import (
    AWAY_SECONDS,
    BACK_SECONDS,
    NEWS_SECONDS,
    at_work,
    bring_back,
    cut,
    hand_on,
    has,
    live,
    payloads,
    subscribe,
)
from tests.faults.papers import papers
from tests.notify.receiver import Receiver, receiver

HANDED_ON = ("chuyen-vien-qt-01", "chuyen-vien-qt-02", "chuyen-vien-qt-03")
FIRST, MOVED = 12, 5  # documents before Kafka goes away, and how many of them change hands while it is away


@pytest.mark.fault(10)
@pytest.mark.timeout(600)
async def test_with_kafka_down_for_long_uploads_go_on_and_old_events_reach_nobody_outside(
    seed: int, tmp_path: Path, figures: dict[str, Any]
) -> None:
    async with at_work(seed, tmp_path) as (lab, senders, kafka, _), receiver() as hook:
        await subscribe(lab, hook)
        post = papers(seed, SCANNERS, outgoing=OUTGOING, refused_share=0)
        await senders.work(papers(seed + 1000, SCANNERS, refused_share=0), count=FIRST, connections=4)
        documents = await _told_of(lab, hook)
        told = len(hook.requests)
        await cut(kafka, "kafka")
        chance = random.Random(seed)
        moves = [(each, person) for each in chance.sample(documents, MOVED) for person in HANDED_ON]
        versions = {move: await hand_on(lab, *move) for move in moves}
        away_since = time.monotonic()
        while time.monotonic() - away_since < AWAY_SECONDS:
            await senders.work(post, count=chance.randint(1, 4), connections=chance.randint(1, 4))
            await asyncio.sleep(2 * chance.random())
        waiting = await asyncio.to_thread(unsent, lab.place)
        accepted = [each for each in histories(lab.ledger.path).values() if each.outcome == "ok"]
        assert waiting["intake"] >= len(accepted) - FIRST > 0
        assert waiting["routing"] == len(moves) > 0
        assert await live(lab) == {200}
        back_at = datetime.now(UTC)
        await bring_back(kafka)
        figures["seconds until quiet"] = round(await lab.until_quiet(BACK_SECONDS), 2)
        figures["events that waited"] = sum(waiting.values())
        figures |= await lab.judge()
        assert figures["attempts without an answer"] == 0
        assert await _out_of_order(lab) == []
        noticed = {(row["document_id"], row["person_id"]) for row in (await gather(lab.place)).notices}
        assert set(moves) <= noticed
        news = await hand_on(lab, documents[0], HANDED_ON[0])
        assert await eventually(lambda: has(hook, documents[0], news))
        assert not [each for each in versions.items() if await has(hook, each[0][0], each[1])]
        oldest = back_at - timedelta(seconds=NEWS_SECONDS)
        assert all(datetime.fromisoformat(each["timestamp"]) > oldest for each in payloads(hook)[told:])


async def _told_of(lab: Lab, hook: Receiver) -> list[str]:
    """The documents of which the receiver has heard, once it has heard all."""
    await lab.until_quiet()

    async def all_sent() -> bool:
        rows = (await gather(lab.place)).deliveries
        return bool(rows) and all(row["status"] == "delivered" for row in rows)

    await eventually(all_sent)
    return list(dict.fromkeys(each["data"]["document_id"] for each in payloads(hook)))


async def _out_of_order(lab: Lab) -> list[str]:
    """Keys of which Kafka has a later version in front of an earlier one; each version counts where it stands first."""
    found = await said_versions(lab.place)
    return [key for key, versions in found.items() if (firsts := list(dict.fromkeys(versions))) != sorted(firsts)]
