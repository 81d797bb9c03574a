"""All four services at work behind one address, with the live streams of the office's specialists open."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import cached_property

import aiohttp

from services.demo.settled import SERVICES
from tests.bench.children import Child, answer_of, running
from tests.bench.figures import percentile
from tests.bench.listening import Streams, listening
from tests.bench.office import device_keys, load_office, office, tokens
from tests.bench.rest import Overseer, Rest
from tests.bench.results import Results
from tests.bench.senders import Job
from tests.bench.stack import METRICS_TOKEN, Stack

SCANNERS = 64
LATE_SECONDS = 900.0  # what senders may take beyond their time: each answer has its own limit
PATIENCE_SECONDS = 60.0
LEAST_OF_PLAN = 0.99
PERCENTS = (50, 95, 99)


@dataclass(frozen=True, slots=True)
class Post:
    """Moments are of the monotonic clock; at a pace, `posted_at` is when the document was due."""

    id: str
    posted_at: float
    answered_at: float


@dataclass(frozen=True)
class Posted:
    """`sent` with the warm-up's, which ended at `begins`; `refused` by what was answered."""

    sent: list[Post]
    begins: float
    planned_per_second: float = 0.0
    refused: dict[str, int] = field(default_factory=dict)

    @cached_property
    def posts(self) -> list[Post]:
        """Those after the warm-up."""
        at = "posted_at" if self.planned_per_second else "answered_at"
        return [post for post in self.sent if getattr(post, at) >= self.begins]

    @property
    def ended_at(self) -> float:
        return max(post.answered_at for post in self.sent)

    @property
    def per_second(self) -> float:
        return len(self.posts) / (self.ended_at - self.begins)


@dataclass(frozen=True)
class Outcome:
    """What became of what was posted. `told` is when each document's notice was there."""

    posted: Posted
    told: dict[str, float]
    rest: Rest

    @property
    def unnoticed(self) -> int:
        """Of all, the warm-up's too."""
        return sum(post.id not in self.told for post in self.posted.sent)

    def to_number(self, percent: float) -> float:
        """Milliseconds from POST to 201."""
        return 1000 * percentile([post.answered_at - post.posted_at for post in self.posted.posts], percent)

    def to_notice(self, percent: float) -> float:
        """Milliseconds from POST to inbox, of those that are there."""
        there = [self.told[post.id] - post.posted_at for post in self.posted.posts if post.id in self.told]
        return 1000 * percentile(there, percent)

    @property
    def settled_per_second(self) -> float:
        """All notices from the end of the warm-up to the last one, by that time: what comes out at the far end."""
        later = [at for at in self.told.values() if at >= self.posted.begins]
        return len(later) / (max(later) - self.posted.begins)

    def report_faults(self, results: Results, bench: str, title: str = "") -> None:
        """What must be nothing for the other figures to be of all documents."""
        before = f"{title}, " if title else ""
        results.add(bench, f"{before}refused", sum(self.posted.refused.values()), "documents", most=0)
        if self.posted.refused:
            results.details[f"{bench}, {before}refused"] = self.posted.refused
        results.add(bench, f"{before}without a notice", self.unnoticed, "documents", most=0)
        if planned := self.posted.planned_per_second:
            achieved = self.posted.per_second / planned
            results.add(bench, f"{before}pace achieved / planned", achieved, "x", least=LEAST_OF_PLAN)
        self.rest.report(results, bench, title)


@dataclass
class AtWork:
    stack: Stack
    prefix: str
    keys: tuple[str, ...]
    services: Child
    streams: Streams
    overseer: Overseer
    hosting: AsyncExitStack

    @property
    def url(self) -> str:
        return str(self.services.told["url"])

    async def post(
        self, seconds: float, *, connections: int = 0, per_second: float = 0.0, warm_up: float = 0
    ) -> Posted:
        """As fast as answers come on so many connections, or at a pace; each connection is a scanner of its own."""
        url = self.url + "/intake/api/v1/documents"
        keys = self.keys[: connections or SCANNERS]
        job = Job(url, keys, connections, seconds + (warm_up if per_second else 0), warm_up, per_second=per_second)
        env, log = self.stack.environment(self.prefix), self.stack.folder / "senders.log"
        longest = job.seconds + job.warm_up_seconds + LATE_SECONDS
        answer = await answer_of("tests.bench.senders", job.as_argument(), env=env, log=log, seconds=longest)
        sent = [Post(*each) for each in answer["sent"]]
        assert sent, f"every document was refused: {answer['refused']}"
        return Posted(sent, answer["began_at"] + warm_up, per_second, answer["refused"])

    async def outcome(self, posted: Posted, patience_seconds: float = PATIENCE_SECONDS) -> Outcome:
        """Once nothing waits any more, and every document is told of or that long has passed since."""
        rest = await self.overseer.rest()
        ends = time.monotonic() + patience_seconds
        while time.monotonic() < ends and any(post.id not in self.streams.seen for post in posted.sent):
            await asyncio.sleep(0.05)
        there = {post.id: self.streams.seen[post.id] for post in posted.sent if post.id in self.streams.seen}
        return Outcome(posted, there, rest)

    async def start_again(self) -> float:
        """Kill -9 and a new process; when that was started, by the monotonic clock."""
        await self.services.kill()
        began_at = time.monotonic()
        self.services = await self.hosting.enter_async_context(hosted(self.stack, self.prefix))
        self.streams.url = self.url
        await self.overseer.close()
        self.overseer = Overseer(self.url, METRICS_TOKEN)
        return began_at


def hosted(stack: Stack, prefix: str) -> AbstractAsyncContextManager[Child]:
    env, log = stack.environment(prefix), stack.folder / f"{prefix}.log"
    return running("tests.bench.hosting", *SERVICES, env=env, log=log)


@asynccontextmanager
async def at_work(stack: Stack, *, listeners: bool = True) -> AsyncIterator[AtWork]:
    """An installation of its own with the demo's office; gone afterwards."""
    async with stack.installation() as prefix, _session() as session, AsyncExitStack() as hosting:
        settings = stack.settings(prefix)
        await load_office(settings)
        people = await tokens(settings, office().specialists) if listeners else {}
        keys = await device_keys(settings, office().id, SCANNERS)
        services = await hosting.enter_async_context(hosted(stack, prefix))
        url = str(services.told["url"])
        async with listening(url, list(people.values()), session) as streams:
            installation = AtWork(stack, prefix, keys, services, streams, Overseer(url, METRICS_TOKEN), hosting)
            try:
                yield installation
            finally:
                await installation.overseer.close()


@asynccontextmanager
async def _session() -> AsyncIterator[aiohttp.ClientSession]:
    connector, timeout = aiohttp.TCPConnector(limit=0), aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        yield session
