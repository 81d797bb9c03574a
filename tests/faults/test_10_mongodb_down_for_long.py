"""Fault 10: MongoDB is away for long; the services are never restarted."""

import asyncio
import random
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.responses import Response

from tests.eventually import eventually
from tests.faults.evidence import gather
from tests.faults.lab import OUTGOING, SCANNERS, Lab
from tests.faults.ledger import histories
from tests.faults.outages import AWAY_SECONDS, BACK_SECONDS, at_work, bring_back, cut, hand_on, has, live, subscribe
from tests.faults.papers import papers
from tests.notify.receiver import receiver

REFUSED_SECONDS = 10.0
CLOSED = 503  # of a receiver that is closed for a while
NEW_LEAD = "chuyen-vien-qt-01"


@pytest.mark.fault(10)
@pytest.mark.timeout(600)
async def test_with_mongodb_down_for_long_uploads_are_put_off_at_once_and_go_on_by_themselves(
    seed: int, tmp_path: Path, figures: dict[str, Any]
) -> None:
    chance, opened = random.Random(seed), asyncio.Event()

    async def door(_: int) -> Response:
        return Response(status_code=204 if opened.is_set() else CLOSED)

    async with at_work(seed, tmp_path) as (lab, senders, _, mongo), receiver(door) as hook:
        await subscribe(lab, hook)
        post = papers(seed, SCANNERS, outgoing=OUTGOING, refused_share=0)
        await senders.work(post, count=chance.randint(15, 30), connections=chance.randint(1, 8))
        old = await _tried_in_vain(lab)
        before = sum(each.outcome == "ok" for each in histories(lab.ledger.path).values())
        await cut(mongo, "mongod")
        away_since, longest = time.monotonic(), 0.0
        while time.monotonic() - away_since < AWAY_SECONDS:
            paper = next(post)
            asked = time.monotonic()
            _, answer = await senders.post(paper)
            longest = max(longest, time.monotonic() - asked)
            assert answer is not None
            _is_put_off(answer)
            senders.open.append(paper)
            await asyncio.sleep(2 * chance.random())
        assert await live(lab) == {200}
        opened.set()
        heard = len(hook.requests)
        figures["seconds until 503, at most"] = round(longest, 2)
        assert longest < REFUSED_SECONDS
        await bring_back(mongo)
        assert len((await gather(lab.place)).documents) == before
        good = next(papers(seed + 1000, SCANNERS, refused_share=0))
        figures["seconds until the first document"] = round(await senders.until_accepted(good, BACK_SECONDS), 2)
        await senders.settle()
        figures["seconds until quiet"] = round(await lab.until_quiet(BACK_SECONDS), 2)
        figures |= await lab.judge()
        assert all(each.alive for each in lab.replicas.values())
        document = chance.choice(sorted(old.values()))
        news = await hand_on(lab, document, NEW_LEAD)
        await eventually(lambda: has(hook, document, news))
        await eventually(lambda: _are_skipped(lab, set(old)), seconds=BACK_SECONDS)
        assert not {each.id for each in hook.requests[heard:]} & set(old)


async def _tried_in_vain(lab: Lab) -> dict[str, str]:
    """The documents of webhooks that wait for their receiver to open, by their ids; all of the events are read."""
    await lab.until_quiet()

    async def tried() -> dict[str, str]:
        rows = (await gather(lab.place)).deliveries
        return {row["_id"]: row["document_id"] for row in rows if row["status"] == "pending" and row["tries"] > 0}

    return await eventually(tried)


async def _are_skipped(lab: Lab, ids: set[str]) -> bool:
    """What waited for too long is told to nobody outside."""
    rows = (await gather(lab.place)).deliveries
    return {row["status"] for row in rows if row["_id"] in ids} == {"skipped"}


def _is_put_off(answer: httpx.Response) -> None:
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:vanthu:problem:unavailable"
    assert int(answer.headers["retry-after"]) >= 1
