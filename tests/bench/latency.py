"""POST to notice: from the first byte that a scanner sends to the event on the live stream of the person in charge."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from tests.bench.children import answer_of, running
from tests.bench.figures import percentile
from tests.bench.office import device_key, load_office, office, tokens
from tests.bench.results import Results
from tests.bench.senders import Job
from tests.bench.stack import Stack

BENCH = "latency"
PER_SECOND, SECONDS, WARM_UP_SECONDS = 20.0, 60.0, 5.0
MOST_P99_MILLISECONDS = 500.0
SERVICES = ("intake", "routing", "notify", "reporting")
INBOX, STREAM, LEAD = "/notify/api/v1/inbox", "/notify/api/v1/inbox/stream", "awaits_you"
WAIT_SECONDS = 30.0


class Streams:
    """Open live streams of many people: when each document's notice was first there, by this machine's clock."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self._url = url
        self._session = session
        self.seen: dict[str, float] = {}
        self.open = 0

    async def read(self, token: str) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        while (await self._session.get(self._url + INBOX, headers=headers)).status != 200:
            await asyncio.sleep(0.2)  # notify has not heard of the person yet
        async with self._session.get(self._url + STREAM, headers=headers) as response:
            response.raise_for_status()
            async for line in response.content:
                if line.startswith(b": open"):
                    self.open += 1
                elif line.startswith(b"data:"):
                    self._see(json.loads(line[5:]))

    def _see(self, notice: Mapping[str, Any]) -> None:
        if notice["telling"] == LEAD:
            self.seen.setdefault(notice["document_id"], time.time())


async def measure(stack: Stack, results: Results, seconds: float = SECONDS) -> None:
    async with stack.installation() as prefix:
        settings = stack.settings(prefix)
        await load_office(settings)
        people = await tokens(settings, office().specialists)
        key = await device_key(settings, office().id)
        log, env = stack.folder / "latency.log", stack.environment(prefix)
        async with running("tests.bench.hosting", *SERVICES, env=env, log=log) as services:
            url = services.told["url"]
            async with _streams(url, list(people.values())) as streams:
                job = Job(url + "/intake/api/v1/documents", key, 0, seconds + WARM_UP_SECONDS, per_second=PER_SECOND)
                log = stack.folder / "senders.log"
                posted = await answer_of("tests.bench.senders", job.as_argument(), env=env, log=log)
                expected = [post for post in posted["sent"] if post[1] > posted["began_at"] + WARM_UP_SECONDS]
                await _until(lambda: all(post[0] in streams.seen for post in expected))
    _report(results, expected, streams.seen)


@asynccontextmanager
async def _streams(url: str, tokens: Sequence[str]) -> AsyncIterator[Streams]:
    connector, timeout = aiohttp.TCPConnector(limit=0), aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        streams = Streams(url, session)
        reading = [asyncio.create_task(streams.read(token)) for token in tokens]
        try:
            await _until(lambda: streams.open == len(tokens))
            yield streams
        finally:
            for task in reading:
                task.cancel()
            await asyncio.gather(*reading, return_exceptions=True)


async def _until(there: Any) -> None:
    """Gives up in silence: what is missing is reported."""
    ends = time.monotonic() + WAIT_SECONDS
    while not there() and time.monotonic() < ends:
        await asyncio.sleep(0.05)


def _report(results: Results, posted: Sequence[Sequence[Any]], seen: Mapping[str, float]) -> None:
    to_number = [1000 * (answered_at - posted_at) for _, posted_at, answered_at in posted]
    to_notice = [1000 * (seen[id] - posted_at) for id, posted_at, _ in posted if id in seen]
    for percent in (50, 95, 99):
        results.add(BENCH, f"POST to 201, p{percent}", percentile(to_number, percent), "ms")
    for percent in (50, 95):
        results.add(BENCH, f"POST to notice on the live stream, p{percent}", percentile(to_notice, percent), "ms")
    worst = percentile(to_notice, 99)
    results.add(BENCH, "POST to notice on the live stream, p99", worst, "ms", most=MOST_P99_MILLISECONDS)
    results.add(BENCH, "documents without a notice (nobody could be found)", len(posted) - len(to_notice), "documents")
