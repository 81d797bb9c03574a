"""All four services at work behind one address, with the live streams of the office's specialists open."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from tests.bench.children import Child, answer_of, running
from tests.bench.office import device_key, load_office, office, tokens
from tests.bench.senders import Job
from tests.bench.stack import METRICS_TOKEN, Stack

SERVICES = ("intake", "routing", "notify", "reporting")
INBOX, STREAM, LEAD = "/notify/api/v1/inbox", "/notify/api/v1/inbox/stream", "awaits_you"
WAITING = ("consumer_lag", "vanthu_journal_unsent_rows")
PATIENCE_SECONDS = 60.0


@dataclass(frozen=True)
class Post:
    """Moments are seconds since 1970, by this machine's clock."""

    id: str
    posted_at: float
    answered_at: float


@dataclass(frozen=True)
class Posted:
    """`posts` without those of the warm-up."""

    posts: list[Post]
    seconds: float

    @property
    def per_second(self) -> float:
        return len(self.posts) / self.seconds


class Streams:
    """Open live streams of many people: when each document's notice was first there."""

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


@dataclass
class AtWork:
    """`session` is one of this process's own, for questions beside the load."""

    stack: Stack
    prefix: str
    key: str
    services: Child
    streams: Streams
    session: aiohttp.ClientSession

    @property
    def url(self) -> str:
        return str(self.services.told["url"])

    async def post(
        self, seconds: float, *, connections: int = 0, per_second: float = 0.0, warm_up: float = 0
    ) -> Posted:
        """As fast as answers come on so many connections, or at a pace. Raises AssertionError when one is refused."""
        url = self.url + "/intake/api/v1/documents"
        job = Job(url, self.key, connections, seconds + (warm_up if per_second else 0), warm_up, per_second=per_second)
        env, log = self.stack.environment(self.prefix), self.stack.folder / "senders.log"
        answer = await answer_of("tests.bench.senders", job.as_argument(), env=env, log=log)
        assert not answer["refused"], f"documents were refused: {answer['refused']}"
        begins = answer["began_at"] + warm_up
        posts = [post for each in answer["sent"] if (post := Post(*each)).answered_at > begins]
        return Posted(posts, max(post.answered_at for post in posts) - begins)

    async def until_noticed(self, posts: Sequence[Post], seconds: float = PATIENCE_SECONDS) -> list[float]:
        """From POST to the notice on the live stream, in seconds. Waits in vain for what nobody could be told of."""
        await until(lambda: all(post.id in self.streams.seen for post in posts), seconds)
        return [self.streams.seen[post.id] - post.posted_at for post in posts if post.id in self.streams.seen]

    async def waiting(self) -> float:
        """Events that are not sent and records that are not read yet, of all services, by their metrics."""
        return sum([await self._waiting(name) for name in SERVICES])

    async def _waiting(self, service: str) -> float:
        headers = {"Authorization": f"Bearer {METRICS_TOKEN}"}
        async with self.session.get(f"{self.url}/{service}/metrics", headers=headers) as answer:
            lines = (await answer.text()).splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(WAITING))


@asynccontextmanager
async def at_work(stack: Stack, *, listeners: bool = True) -> AsyncIterator[AtWork]:
    """An installation of its own with the demo's office; gone afterwards."""
    async with stack.installation() as prefix, _session() as session:
        settings = stack.settings(prefix)
        await load_office(settings)
        people = await tokens(settings, office().specialists) if listeners else {}
        key = await device_key(settings, office().id)
        log, env = stack.folder / f"{prefix}.log", stack.environment(prefix)
        async with running("tests.bench.hosting", *SERVICES, env=env, log=log) as services:
            url = str(services.told["url"])
            async with _streams(url, list(people.values()), session) as streams:
                yield AtWork(stack, prefix, key, services, streams, session)


@asynccontextmanager
async def _session() -> AsyncIterator[aiohttp.ClientSession]:
    connector, timeout = aiohttp.TCPConnector(limit=0), aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        yield session


@asynccontextmanager
async def _streams(url: str, tokens: Sequence[str], session: aiohttp.ClientSession) -> AsyncIterator[Streams]:
    streams = Streams(url, session)
    reading = [asyncio.create_task(streams.read(token)) for token in tokens]
    try:
        await until(lambda: streams.open == len(tokens), PATIENCE_SECONDS)
        yield streams
    finally:
        for task in reading:
            task.cancel()
        await asyncio.gather(*reading, return_exceptions=True)


async def until(there: Callable[[], bool], seconds: float) -> None:
    """Gives up in silence: what is missing is reported."""
    ends = time.monotonic() + seconds
    while not there() and time.monotonic() < ends:
        await asyncio.sleep(0.05)
