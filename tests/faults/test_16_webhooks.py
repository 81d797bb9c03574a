"""Fault 16: notify dies about a webhook's mark, receivers misbehave, and the live stream's replica is not the reader's."""

import asyncio
import contextlib
import json
import random
import time
from collections.abc import AsyncIterator
from datetime import datetime
from itertools import pairwise
from typing import Any

import httpx
import pytest
from starlette.responses import Response, StreamingResponse

from services.embedded.ports import LOOPBACK
from tests.faults.conftest import LabOpener
from tests.faults.evidence import gather
from tests.faults.lab import OFFICE, SCANNERS, Lab
from tests.faults.ledger import histories
from tests.faults.oracle import judge_webhooks, told
from tests.faults.papers import papers
from tests.faults.replica import Replica
from tests.faults.subscribers import Administrator, Subscriber, until_settled
from tests.faults.watching import MOST_GROWTH_MEGABYTES, watched
from tests.notify.receiver import answering, hang, receiver

BACKOFF_SECONDS = (0.3, 0.6, 1.0)
QUICK = {
    "VANTHU_WEBHOOK_ALLOW_PRIVATE_ADDRESSES": "true",
    "VANTHU_WEBHOOK_BACKOFF_SECONDS": json.dumps(BACKOFF_SECONDS),
    "VANTHU_WEBHOOK_POLL_SECONDS": "0.2",
    "VANTHU_WEBHOOK_LEASE_SECONDS": "3",
    "VANTHU_WEBHOOK_TIMEOUT_SECONDS": "1",
    "VANTHU_METRICS_TOKEN": "let-me-look",
}
# A receiver that answers has done so by then, also on a slow machine: only the one that hangs has not.
PATIENT = QUICK | {"VANTHU_WEBHOOK_TIMEOUT_SECONDS": "4", "VANTHU_WEBHOOK_LEASE_SECONDS": "15"}
MOST_SECONDS = 10.0  # from an event's record until a good receiver has it, beside bad ones
STREAM = "/notify/api/v1/inbox/stream"
HUGE_BYTES = 10 * 1024 * 1024


@pytest.mark.fault(16)
@pytest.mark.timeout(300)
@pytest.mark.parametrize("point", [pytest.param("webhook answered", marks=pytest.mark.quick), "webhook marked"])
async def test_notify_killed_about_a_webhooks_mark_sends_again_under_the_same_id(
    point: str, seed: int, new_lab: LabOpener, figures: dict[str, Any]
) -> None:
    async with new_lab() as lab, lab.senders(seed) as senders:
        notify = lab.replica("notify", "notify", **QUICK)
        await lab.start(lab.replica("intake", "intake"), lab.replica("others", "routing", "reporting"), notify)
        administrator = await Administrator.of(lab, notify)
        async with administrator.subscriber() as one, administrator.subscriber() as two:
            notify.kill()
            post, chance = papers(seed, SCANNERS), random.Random(seed)
            for _ in range(2):
                notify.start(f"crash:{point}:{chance.randint(1, 8)}")
                work = asyncio.create_task(senders.work(post, count=30, connections=4))
                await notify.until_ended(60)
                assert notify.struck.read_text() == point
                await work
            await lab.start(notify)
            await senders.settle()
            figures["seconds until quiet"] = round(await lab.until_quiet(), 2)
            await until_settled(lab)
            await _judged(lab, administrator, [one, two], figures)
            if point == "webhook answered":
                assert figures["webhooks repeated"] >= 2


@pytest.mark.fault(16)
@pytest.mark.timeout(600)
async def test_receivers_that_hang_fail_answer_without_end_or_redirect_delay_nobody_else(
    seed: int, new_lab: LabOpener, figures: dict[str, Any]
) -> None:
    async with new_lab() as lab, lab.senders(seed) as senders, receiver() as trap, contextlib.AsyncExitStack() as stack:
        notify = lab.replica("notify", "notify", **PATIENT)
        await lab.start(lab.replica("intake", "intake"), lab.replica("others", "routing", "reporting"), notify)
        administrator = await Administrator.of(lab, notify)
        inside = trap.url.replace("localhost", LOOPBACK)
        good, hanging, failing, huge, redirecting, flaky = [
            await stack.enter_async_context(administrator.subscriber(answer))
            for answer in (
                answering(204),
                hang,
                answering(500),
                _huge,
                answering(302, headers={"Location": inside}),
                answering(500, 503, 500, 204),
            )
        ]
        async with watched(notify) as watch:
            await senders.work(papers(seed, SCANNERS), count=8, connections=2)  # each hangs four times
            await senders.settle()
            figures["seconds until quiet"] = round(await lab.until_quiet(), 2)
            await until_settled(lab)
        await _judged(lab, administrator, [good, hanging, failing, huge, redirecting, flaky], figures)
        for each, status in ((hanging, None), (failing, 500), (redirecting, 302)):
            await _given_up_by_the_schedule(administrator, each, status)
        for each in (good, huge, flaky):
            assert {row["status"] for row in await administrator.log(each)} == {"delivered"}
        assert trap.requests == []
        figures["longest until a good receiver had it, s"] = round(max(good.ages_seconds()), 2)
        figures["memory growth, MB"] = watch.growth_megabytes
        assert max(good.ages_seconds()) <= MOST_SECONDS
        assert watch.growth_megabytes <= MOST_GROWTH_MEGABYTES


@pytest.mark.fault(16)
@pytest.mark.quick
@pytest.mark.timeout(300)
async def test_a_stream_misses_nothing_that_another_replica_reads_nor_when_its_own_replica_dies(
    seed: int, new_lab: LabOpener, figures: dict[str, Any]
) -> None:
    async with new_lab() as lab, lab.senders(seed) as senders:
        one, two = lab.replica("one", "notify", **QUICK), lab.replica("two", "notify", **QUICK)
        await lab.start(lab.replica("intake", "intake"), lab.replica("others", "routing", "reporting"), one, two)
        post = papers(seed, SCANNERS)
        await senders.work(post, count=30, connections=2)
        await lab.until_quiet()
        person = await _busiest(lab)
        command = ("token", "create", "--office", OFFICE, "--person", person)
        token = (await asyncio.to_thread(lab.vanthu.json, *command))["token"]
        before = await _consumed(two)
        client = Client(token, [one, two])
        listening = asyncio.create_task(client.listen())
        await client.until_live()
        known = await _inbox_of(lab, person)
        await senders.work(post, count=60, connections=4)
        await lab.until_quiet()
        assert await _consumed(two) > before  # so events came to the stream that its replica did not read
        one.kill()
        await senders.work(post, count=60, connections=4)
        await senders.settle()
        figures["seconds until quiet"] = round(await lab.until_quiet(), 2)
        expected = await _inbox_of(lab, person) - known
        await _until_seen(client, expected)
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        assert client.seen - known == expected
        assert client.connected == [one.name, two.name]
        figures["notices in the stream"] = len(expected)
        figures |= await lab.judge()


async def _huge(_: int) -> Response:
    async def without_end() -> AsyncIterator[bytes]:
        for _ in range(HUGE_BYTES // 65536):
            yield bytes(65536)

    return StreamingResponse(without_end())


async def _judged(lab: Lab, administrator: Administrator, reachable: list[Subscriber], figures: dict[str, Any]) -> None:
    figures |= await lab.judge()
    heard = administrator.heard()
    evidence = await gather(lab.place)
    breaches = judge_webhooks(evidence, heard, [each.id for each in reachable])
    assert not breaches, told(breaches, histories(lab.ledger.path), evidence, heard)
    figures["webhooks heard"] = len(heard)
    figures["webhooks repeated"] = len(heard) - len({(each.subscriber, each.id) for each in heard})


async def _given_up_by_the_schedule(administrator: Administrator, subscriber: Subscriber, status: int | None) -> None:
    rows = await administrator.log(subscriber)
    assert rows
    for row in rows:
        assert row["status"] == "failed"
        assert {each["status"] for each in row["attempts"]} == {status}
        times = [_seconds(each["at"]) for each in row["attempts"]]
        assert len(times) == len(BACKOFF_SECONDS) + 1
        for pause, (earlier, later) in zip(BACKOFF_SECONDS, pairwise(times), strict=True):
            assert later - earlier >= 0.8 * pause


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


class Client:
    """A person's page: it listens, and when its replica is gone it goes on at the next where it stood."""

    def __init__(self, token: str, replicas: list[Replica]) -> None:
        self._token = token
        self._replicas = replicas
        self._last: str | None = None
        self._live = asyncio.Event()
        self.seen: set[str] = set()
        self.connected: list[str] = []

    async def until_live(self) -> None:
        async with asyncio.timeout(20):
            await self._live.wait()

    async def listen(self) -> None:
        for replica in self._replicas:
            with contextlib.suppress(httpx.HTTPError):
                await self._listen_to(replica)

    async def _listen_to(self, replica: Replica) -> None:
        headers = {"Authorization": f"Bearer {self._token}", **({"Last-Event-ID": self._last} if self._last else {})}
        async with (
            httpx.AsyncClient(base_url=replica.url, timeout=httpx.Timeout(20, read=60)) as client,
            client.stream("GET", STREAM, headers=headers) as response,
        ):
            assert response.status_code == 200
            self.connected.append(replica.name)
            async for line in response.aiter_lines():
                self._take(*line.partition(": ")[::2])

    def _take(self, name: str, value: str) -> None:
        if name == "id":
            self._last = value
        elif name == "data":
            self.seen.add(json.loads(value)["id"])
        elif (name, value) == ("", "live"):
            self._live.set()


async def _until_seen(client: Client, expected: set[str], seconds: float = 30.0) -> None:
    ends = time.monotonic() + seconds
    while not expected <= client.seen:
        assert time.monotonic() < ends, f"the stream lacks {expected - client.seen} of {len(expected)}"
        await asyncio.sleep(0.1)


async def _busiest(lab: Lab) -> str:
    people: list[str] = [row["person_id"] for row in (await gather(lab.place)).notices]
    return max(sorted(set(people)), key=people.count)


async def _inbox_of(lab: Lab, person: str) -> set[str]:
    return {row["_id"] for row in (await gather(lab.place)).notices if row["person_id"] == person}


async def _consumed(replica: Replica) -> float:
    """How many events about assignments this very process has taken."""
    async with httpx.AsyncClient(base_url=replica.url, headers={"Authorization": "Bearer let-me-look"}) as client:
        page = (await client.get("/notify/metrics")).text
    lines = [line for line in page.splitlines() if line.startswith("events_consumed_total{") and "assignments" in line]
    return sum(float(line.rpartition(" ")[2]) for line in lines)
